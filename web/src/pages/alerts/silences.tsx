import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { json } from '../../api/client'
import type { NewSilence, Silence } from '../../api/model'
import { announce } from '../../app/announce'
import { Link } from '../../app/router'
import { useMay } from '../../app/session'
import { Dialog } from '../../ui/dialog'
import { plural } from '../../ui/format'
import { spans } from '../../ui/incident'
import { Answer, Empty, Problem } from '../../ui/state'
import { Table } from '../../ui/table'
import { Time } from '../../ui/time'

/** What is found and opens no incident, until when, and by whom. */
export function Silences() {
  const may = useMay()
  const client = useQueryClient()
  const silences = useQuery({ queryKey: ['silences'], queryFn: ({ signal }) => json<Silence[]>('/api/v1/silences', { signal }) })
  const [adding, setAdding] = useState(false)
  const [ending, setEnding] = useState<Silence>()
  const changed = () => {
    setAdding(false)
    setEnding(undefined)
    void client.invalidateQueries({ queryKey: ['silences'] })
  }
  return (
    <>
      <div className="row">
        <p className="muted">What a silence covers is still found and kept. It opens no incident, and nobody is told.</p>
        {may('silence') && (
          <button type="button" className="button push" onClick={() => setAdding(true)}>
            Begin a silence
          </button>
        )}
      </div>
      <Answer query={silences} what="the silences">
        {(list) =>
          list.length === 0 ? (
            <div className="panel">
              <Empty title="Nothing is silenced">A silence has a reason and an end.</Empty>
            </div>
          ) : (
            <Table label="Silences" heads={['What', 'Up to', 'Until', 'By', 'Kept quiet', '']} as="panel">
              {list.map((each) => (
                <tr key={each.id}>
                  <td>
                    {[each.rule && `rule ${each.rule}`, each.entity].filter(Boolean).join(', ') || 'everything'}
                    <div className="muted">{each.reason}</div>
                  </td>
                  <td>{each.level}</td>
                  <td>
                    <Time at={each.ended ?? each.until} full />
                    {each.ended && <span className="muted"> ended</span>}
                  </td>
                  <td>
                    {each.by} <Link to={`/call/${each.decision}`}>decision</Link>
                  </td>
                  <td>{plural(each.quiet, 'finding')}</td>
                  <td className="num">
                    {may('silence') && !each.ended && Date.parse(each.until) > Date.now() && (
                      <button type="button" className="button small" onClick={() => setEnding(each)}>
                        End
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </Answer>
      {adding && <SilenceDialog onClose={() => setAdding(false)} onDone={changed} />}
      {ending && <EndDialog silence={ending} onClose={() => setEnding(undefined)} onDone={changed} />}
    </>
  )
}

/** Begins a silence. rule and entity are what it starts from. */
export function SilenceDialog({ rule = '', entity = '', onClose, onDone }: { rule?: string; entity?: string; onClose: () => void; onDone: () => void }) {
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const submit = (data: FormData) => {
    setBusy(true)
    setError(undefined)
    const body: NewSilence = { rule: String(data.get('rule') ?? '').trim(), entity: String(data.get('entity') ?? '').trim(), level: String(data.get('level')), for: String(data.get('for')) }
    json<Silence>('/api/v1/silences', { method: 'POST', body, reason: String(data.get('reason') ?? '') }).then(() => {
      announce('The silence has begun, and is sealed.')
      onDone()
    }, (e: unknown) => {
      setError(e)
      setBusy(false)
    })
  }
  return (
    <Dialog title="Begin a silence" onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          submit(new FormData(event.currentTarget))
        }}
      >
        <label className="field">
          <span className="label">Rule, by name; empty: any</span>
          <input className="input" name="rule" defaultValue={rule} maxLength={100} spellCheck={false} />
        </label>
        <label className="field">
          <span className="label">Entity, as the incident names it; empty: any</span>
          <input className="input" name="entity" defaultValue={entity} maxLength={256} spellCheck={false} />
        </label>
        <div className="row">
          <label className="field">
            <span className="label">Up to the level</span>
            <select className="input" name="level" defaultValue="high">
              <option>low</option>
              <option>medium</option>
              <option>high</option>
              <option>critical</option>
            </select>
          </label>
          <label className="field">
            <span className="label">For</span>
            <select className="input" name="for" defaultValue="2h">
              {spans.map((span) => (
                <option key={span.value} value={span.value}>
                  {span.word}
                </option>
              ))}
            </select>
          </label>
        </div>
        <label className="field">
          <span className="label">Reason, which is sealed</span>
          <input className="input" name="reason" required maxLength={500} />
        </label>
        {error !== undefined && <Problem error={error} />}
        <div className="row">
          <button type="submit" className="button primary" disabled={busy}>
            Begin
          </button>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}

function EndDialog({ silence, onClose, onDone }: { silence: Silence; onClose: () => void; onDone: () => void }) {
  const [error, setError] = useState<unknown>()
  return (
    <Dialog title="End the silence" onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          const reason = String(new FormData(event.currentTarget).get('reason') ?? '')
          json(`/api/v1/silences/${encodeURIComponent(silence.id)}`, { method: 'DELETE', reason }).then(() => {
            announce('The silence has ended, and that is sealed.')
            onDone()
          }, setError)
        }}
      >
        <label className="field">
          <span className="label">Reason, which is sealed (optional)</span>
          <input className="input" name="reason" maxLength={500} />
        </label>
        {error !== undefined && <Problem error={error} />}
        <div className="row">
          <button type="submit" className="button primary">
            End it
          </button>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}
