// Measures: what is done about access. The form to decide one, and those that
// are in force.

import { useState } from 'react'
import { json } from '../api/client'
import type { Measure, NewMeasure } from '../api/model'
import { Link } from '../app/router'
import { useMay } from '../app/session'
import { Dialog } from './dialog'
import { count, duration } from './format'
import { spans } from './incident'
import { Problem } from './state'
import { Table } from './table'
import { Time } from './time'

const kinds = [
  { id: 'block', title: 'Block', says: 'Its calls are refused with 403, and what is under way is cut.' },
  { id: 'throttle', title: 'Throttle', says: 'One too many calls are refused with 429.' },
  { id: 'reauthenticate', title: 'Ask to authenticate anew', says: 'Its calls are refused with 401 until it shows a credential that is newer.' },
] as const

const hours: Record<string, number> = { '15m': 0.25, '1h': 1, '2h': 2, '8h': 8, '24h': 24, '168h': 168 }

function nanoseconds(span: string): number {
  return (hours[span] ?? 1) * 3_600_000_000_000
}

/** Decides a measure, or proposes it where a second person must approve. */
export function MeasureForm({ subjects, incident, onClose, onMade }: { subjects: readonly string[]; incident?: string; onClose: () => void; onMade: (measure: Measure) => void }) {
  const may = useMay()
  const [kind, setKind] = useState<string>('block')
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const [made, setMade] = useState<Measure>()
  const acts = may('act')
  const submit = (data: FormData) => {
    setBusy(true)
    setError(undefined)
    const body: NewMeasure = { kind, subject: String(data.get('subject') ?? '').trim(), propose: !acts || data.get('propose') === 'on', dry_run: data.get('dry') === 'on', force: data.get('force') === 'on' }
    const span = String(data.get('for') ?? '')
    if (span) body.for = nanoseconds(span)
    if (kind === 'throttle') body.rate = Number(data.get('rate')) / 60
    if (incident) body.incident = incident
    json<Measure>('/api/v1/measures', { method: 'POST', body, reason: String(data.get('reason') ?? '') })
      .then((measure) => {
        setMade(measure)
        onMade(measure)
      }, setError)
      .finally(() => setBusy(false))
  }
  if (made) {
    return (
      <div className="stack">
        <p role="status">
          <strong>{made.state === 'proposed' ? 'Proposed.' : made.dry_run ? 'In force, as a dry run.' : 'In force.'}</strong> {made.state === 'proposed' ? 'Somebody else must approve it.' : 'The next call is judged by it.'} <Link to={`/call/${made.decision}`}>The sealed decision</Link>
        </p>
        <MeasureList list={[made]} onChange={onClose} />
        <div>
          <button type="button" className="button primary" onClick={onClose}>
            Close
          </button>
        </div>
      </div>
    )
  }
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        submit(new FormData(event.currentTarget))
      }}
    >
      <fieldset className="stack">
        <legend className="label">What</legend>
        {kinds.map((each) => (
          <label key={each.id} className="check">
            <input type="radio" name="kind" value={each.id} checked={kind === each.id} onChange={() => setKind(each.id)} /> {each.title} <span className="muted small">{each.says}</span>
          </label>
        ))}
      </fieldset>
      <label className="field">
        <span className="label">Whose calls: principal, app, key, credential, address, route or operation; joined by “and”, all must fit</span>
        {subjects.length > 0 ? (
          <select className="input wide" name="subject" required>
            {subjects.map((subject) => (
              <option key={subject}>{subject}</option>
            ))}
          </select>
        ) : (
          <input className="input mono" name="subject" required maxLength={512} placeholder="principal:p_…" spellCheck={false} autoComplete="off" />
        )}
      </label>
      <div className="row">
        <label className="field">
          <span className="label">For</span>
          <select className="input" name="for" defaultValue="1h">
            {spans.map((span) => (
              <option key={span.value} value={span.value}>
                {span.word}
              </option>
            ))}
            <option value="">until it is undone</option>
          </select>
        </label>
        {kind === 'throttle' && (
          <label className="field">
            <span className="label">Calls a minute</span>
            <input className="input" name="rate" type="number" min={1} max={60000} defaultValue={30} required />
          </label>
        )}
      </div>
      <label className="check">
        <input type="checkbox" name="dry" /> dry run: events say what it would do, and nothing is done
      </label>
      {acts && (
        <label className="check">
          <input type="checkbox" name="propose" /> propose it, for somebody else to approve
        </label>
      )}
      <label className="check">
        <input type="checkbox" name="force" /> although it means very many calls; somebody else must approve it then
      </label>
      <label className="field">
        <span className="label">Reason, which is sealed</span>
        <input className="input" name="reason" required maxLength={500} />
      </label>
      {error !== undefined && <Problem error={error} />}
      <div className="row">
        <button type="submit" className="button danger" disabled={busy}>
          {acts ? 'Decide' : 'Propose'}
        </button>
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
      </div>
      <p className="muted small">It never means this console: who is blocked can still undo it here.</p>
    </form>
  )
}

const stateTones: Record<string, string> = { 'in-force': 'bad', proposed: 'warn' }

type Act = 'undo' | 'approve' | 'reject'

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
          json(act === 'undo' ? path : `${path}/${act}`, { method: act === 'undo' ? 'DELETE' : 'POST', reason }).then(onDone, (e: unknown) => {
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
