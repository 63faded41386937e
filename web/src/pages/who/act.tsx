import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ApiError, json } from '../../api/client'
import type { ActMeasure, ApiNewMeasure, ReadingStats } from '../../api/types'
import { count, plural } from '../../ui/format'
import { Dialog } from '../../ui/dialog'
import { Answer, Problem } from '../../ui/state'
import type { Subject } from './subject'

const kinds = [
  { kind: 'block', title: 'Block: its calls are refused' },
  { kind: 'reauthenticate', title: 'Authenticate anew: refused with credentials that are older than this' },
  { kind: 'throttle', title: 'Throttle: refused if there are too many' },
] as const

const hour = 3_600_000_000_000 // nanoseconds

const durations = [
  { title: '1 hour', ns: hour },
  { title: '8 hours', ns: 8 * hour },
  { title: '1 day', ns: 24 * hour },
  { title: '7 days', ns: 7 * 24 * hour },
  { title: 'Until it is undone', ns: 0 },
] as const

/** Does something about access: says first what that would have met, and asks why. */
export function ActDialog({ subjects, shared, propose, onClose, onDone }: { subjects: readonly Subject[]; /** How many callers it means. */ shared: number; propose: boolean; onClose: () => void; onDone: () => void }) {
  const [subject, setSubject] = useState(subjects[0]!)
  const [kind, setKind] = useState<string>('block')
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const approval = error instanceof ApiError && /approv/i.test(`${error.code} ${error.problem.detail}`)
  const send = (form: HTMLFormElement, proposed: boolean) => {
    const data = new FormData(form)
    const ns = durations[Number(data.get('for'))]?.ns ?? 0
    const body: ApiNewMeasure = { kind, subject: subject.text }
    if (ns > 0) body.for = ns
    if (kind === 'throttle') body.rate = Number(data.get('rate'))
    if (data.get('dry') === 'on') body.dry_run = true
    if (proposed) body.propose = true
    setBusy(true)
    setError(undefined)
    json<ActMeasure>('/api/v1/measures', { method: 'POST', body, reason: String(data.get('reason')) }).then(onDone, (e: unknown) => {
      setError(e)
      setBusy(false)
    })
  }
  return (
    <Dialog title={propose ? 'Propose to block or limit' : 'Block or limit'} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          const by = (event.nativeEvent as SubmitEvent).submitter
          send(event.currentTarget, propose || (by instanceof HTMLButtonElement && by.value === 'propose'))
        }}
      >
        {subjects.length > 1 ? (
          <label className="field">
            <span className="label">Whose calls</span>
            <select className="input" value={subject.text} onChange={(event) => setSubject(subjects.find((each) => each.text === event.target.value) ?? subject)}>
              {subjects.map((each) => (
                <option key={each.text}>{each.text}</option>
              ))}
            </select>
          </label>
        ) : (
          <p className="mono">{subject.text}</p>
        )}
        <label className="field">
          <span className="label">What is done</span>
          <select className="input" value={kind} onChange={(event) => setKind(event.target.value)}>
            {kinds.map((each) => (
              <option key={each.kind} value={each.kind}>
                {each.title}
              </option>
            ))}
          </select>
        </label>
        {kind === 'throttle' && (
          <label className="field">
            <span className="label">Calls a second</span>
            <input className="input" name="rate" type="number" min="0.01" step="0.01" defaultValue="1" required />
          </label>
        )}
        <label className="field">
          <span className="label">For how long</span>
          <select className="input" name="for" defaultValue="0">
            {durations.map((each, i) => (
              <option key={each.title} value={i}>
                {each.title}
              </option>
            ))}
          </select>
        </label>
        <label className="field">
          <span className="label">Why; it is sealed with the decision</span>
          <input className="input" name="reason" required maxLength={500} />
        </label>
        <label className="row">
          <input type="checkbox" name="dry" /> Dry run: each call says what would have been done, and nothing is
        </label>
        {shared > 1 && <div className="notice warn">{count(shared)} callers or more use it: the calls of all of them are meant.</div>}
        <Preview subject={subject} />
        {propose && <p className="muted">Your role does not allow to act by yourself: this proposes it, and somebody else must approve it.</p>}
        {error !== undefined && <Problem error={error}>{approval && !propose && <p>You can propose it; somebody else approves it.</p>}</Problem>}
        <div className="row">
          <button type="submit" className={propose ? 'button primary' : 'button danger'} disabled={busy}>
            {propose ? 'Propose it' : 'Do it'}
          </button>
          {approval && !propose && (
            <button type="submit" value="propose" className="button primary" disabled={busy}>
              Propose it
            </button>
          )}
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}

/** What a block would have met in the last day. */
function Preview({ subject }: { subject: Subject }) {
  const answer = useQuery({
    queryKey: ['stats', subject.query, 'preview'],
    queryFn: ({ signal }) => json<ReadingStats>('/api/v1/stats', { params: { query: subject.query, by: ['operation.action'], from: '24h', limit: 20 }, signal }),
    staleTime: 60_000,
  })
  return (
    <Answer query={answer} what="what it would have met">
      {(data) => {
        const total = data.rows.reduce((sum, row) => sum + row.count, 0)
        return (
          <div className="notice info">
            In the last 24 hours {plural(total, 'call')} would have been met
            {total > 0 && `: ${data.rows.map((row) => `${row.values[0] || 'other'} ${count(row.count)}`).join(', ')}`}. Counted in the index.
          </div>
        )
      }}
    </Answer>
  )
}
