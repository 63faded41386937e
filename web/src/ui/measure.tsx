// Measures: those that are in force or wait for somebody, and the dialog in
// which one is decided.

import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { json } from '../api/client'
import type { Measure } from '../api/model'
import { announce } from '../app/announce'
import { Link } from '../app/router'
import { useMay } from '../app/session'
import { Dialog } from './dialog'
import { count, duration } from './format'
import { MeasureForm } from './measureform'
import { kinds } from './measures'
import { Problem } from './state'
import { Table } from './table'
import { Time } from './time'

const stateTones: Record<string, string> = { 'in-force': 'bad', proposed: 'warn' }

type Act = 'undo' | 'approve' | 'reject'

export interface MeasureDialogProps {
  subjects: readonly string[]
  incident?: string
  onClose: () => void
}

/** Asks what to do about access, does it, and says what came of it. */
export function MeasureDialog({ subjects, incident, onClose }: MeasureDialogProps) {
  const acts = useMay()('act')
  const client = useQueryClient()
  const [made, setMade] = useState<Measure>()
  const close = () => {
    if (made) for (const queryKey of [['measures'], ['incident'], ['incidents']]) void client.invalidateQueries({ queryKey })
    onClose()
  }
  return (
    <Dialog title={acts ? 'Block or limit' : 'Propose to block or limit'} onClose={close}>
      <div role="status" className={made ? 'stack' : ''}>
        {made && (
          <>
            <div className={`verdict ${made.state === 'proposed' ? 'warn' : 'good'}`}>
              <p className="title">{made.state === 'proposed' ? 'Proposed' : made.dry_run ? 'In force, as a dry run' : 'In force'}</p>
              <p>
                {made.state === 'proposed' ? 'Somebody else must approve it.' : 'The next call is judged by it.'} <Link to={`/call/${made.decision}`}>The sealed decision</Link>
              </p>
            </div>
            <p className="mono">{made.subject}</p>
            <div>
              <button type="button" className="button primary" onClick={close} autoFocus>
                Close
              </button>
            </div>
          </>
        )}
      </div>
      {!made && <MeasureForm subjects={subjects} {...(incident ? { incident } : {})} onClose={onClose} onMade={setMade} />}
    </Dialog>
  )
}

/** Measures in a table, with what can be done about each. */
export function MeasureList({ list, onChange }: { list: readonly Measure[]; onChange: () => void }) {
  const may = useMay()
  const [asked, setAsked] = useState<{ measure: Measure; act: Act }>()
  return (
    <>
      <Table label="Measures" heads={['Measure', 'State', 'Until', 'By', '#Calls', '']}>
        {list.map((m) => (
          <tr key={m.id}>
            <td>
              {kinds.find((kind) => kind.id === m.kind)?.title ?? m.kind} <span className="mono">{m.subject}</span>
              {m.rate ? <span className="muted">, {count(Math.round(m.rate * 60))} calls a minute</span> : null}
              {m.reason && <div className="muted">{m.reason}</div>}
            </td>
            <td className="nowrap">
              <span className={`tag ${m.dry_run ? '' : (stateTones[m.state] ?? '')}`}>{m.state}</span> {m.dry_run && <span className="tag">dry run</span>}
            </td>
            <td className="nowrap">{m.ended ? <Time at={m.ended} full /> : m.until ? <Time at={m.until} full /> : m.for ? duration(m.for) : 'it is undone'}</td>
            <td>
              {m.by || (m.rule ? `rule ${m.rule}` : '')} <Link to={`/call/${m.decision}`}>sealed</Link>
              {m.approved && <div className="muted">approved by {m.approved}</div>}
            </td>
            <td className="num">{m.calls ? count(m.calls) : ''}</td>
            <td className="num nowrap">
              {m.state === 'in-force' && may('act') && (
                <button type="button" className="button small" onClick={() => setAsked({ measure: m, act: 'undo' })} aria-label={`Undo ${m.kind} of ${m.subject}`}>
                  Undo
                </button>
              )}
              {m.state === 'proposed' && may('approve') && (
                <>
                  <button type="button" className="button small primary" onClick={() => setAsked({ measure: m, act: 'approve' })}>
                    Approve
                  </button>{' '}
                  <button type="button" className="button small" onClick={() => setAsked({ measure: m, act: 'reject' })}>
                    Reject
                  </button>
                </>
              )}
            </td>
          </tr>
        ))}
      </Table>
      {asked && (
        <ActDialog
          measure={asked.measure}
          act={asked.act}
          onClose={() => setAsked(undefined)}
          onDone={() => {
            setAsked(undefined)
            onChange()
          }}
        />
      )}
    </>
  )
}

const titles: Record<Act, string> = { undo: 'Undo', approve: 'Approve', reject: 'Reject' }
const said: Record<Act, string> = { undo: 'The measure is undone, and that is sealed.', approve: 'The measure is approved and in force, and that is sealed.', reject: 'The measure is rejected, and that is sealed.' }

function ActDialog({ measure, act, onClose, onDone }: { measure: Measure; act: Act; onClose: () => void; onDone: () => void }) {
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const path = `/api/v1/measures/${encodeURIComponent(measure.id)}`
  return (
    <Dialog title={`${titles[act]}: ${measure.kind} ${measure.subject}`} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          const reason = String(new FormData(event.currentTarget).get('reason') ?? '')
          setBusy(true)
          json(act === 'undo' ? path : `${path}/${act}`, { method: act === 'undo' ? 'DELETE' : 'POST', reason }).then(() => {
            announce(said[act])
            onDone()
          }, (e: unknown) => {
            setError(e)
            setBusy(false)
          })
        }}
      >
        <label className="field">
          <span className="label">Reason, which is sealed</span>
          <input className="input" name="reason" required maxLength={500} />
        </label>
        {error !== undefined && <Problem error={error} />}
        <div className="row">
          <button type="submit" className="button primary" disabled={busy}>
            {titles[act]}
          </button>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}
