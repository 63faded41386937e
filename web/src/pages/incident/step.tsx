import { useState } from 'react'
import { json } from '../../api/client'
import type { Incident, IncidentStep } from '../../api/model'
import { announce } from '../../app/announce'
import { useSession } from '../../app/session'
import { Dialog } from '../../ui/dialog'
import { Problem } from '../../ui/state'

export type StepName = 'acknowledge' | 'assign' | 'note' | 'resolve' | 'false-positive' | 'reopen'

const active = (state: string) => state === 'open' || state === 'acknowledged'

/** What people can do about an incident, and in which state. */
export const steps: readonly { name: StepName; title: string; primary?: boolean; when: (state: string) => boolean }[] = [
  { name: 'acknowledge', title: 'Acknowledge', primary: true, when: (state) => state === 'open' },
  { name: 'assign', title: 'Assign', when: active },
  { name: 'note', title: 'Note', when: () => true },
  { name: 'resolve', title: 'Resolve', when: active },
  { name: 'false-positive', title: 'False alarm', when: active },
  { name: 'reopen', title: 'Reopen', when: (state) => !active(state) },
]

const needsReason: readonly StepName[] = ['resolve', 'false-positive', 'reopen']

export function StepDialog({ incident, name, onClose, onDone }: { incident: Incident; name: StepName; onClose: () => void; onDone: () => void }) {
  const me = useSession().data?.name ?? ''
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const title = steps.find((step) => step.name === name)?.title ?? name
  const submit = (data: FormData) => {
    setBusy(true)
    setError(undefined)
    const body: IncidentStep = { do: name }
    if (name === 'assign') body.assignee = String(data.get('assignee') ?? '').trim()
    if (name === 'note') body.note = String(data.get('note') ?? '')
    json<Incident>(`/api/v1/incidents/${encodeURIComponent(incident.id)}`, { method: 'POST', body, reason: String(data.get('reason') ?? '') }).then(() => {
      announce(`${title}: it is done, and sealed.`)
      onDone()
    }, (e: unknown) => {
      setError(e)
      setBusy(false)
    })
  }
  return (
    <Dialog title={`${title}: ${incident.title}`} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          submit(new FormData(event.currentTarget))
        }}
      >
        {name === 'assign' && (
          <label className="field">
            <span className="label">To whom; empty: nobody</span>
            <input className="input" name="assignee" defaultValue={incident.assignee || me} maxLength={256} autoComplete="off" />
          </label>
        )}
        {name === 'note' && (
          <label className="field">
            <span className="label">What to remember</span>
            <textarea className="input" name="note" required rows={5} maxLength={4000} />
          </label>
        )}
        {name !== 'note' && (
          <label className="field">
            <span className="label">Reason, which is sealed{needsReason.includes(name) ? '' : ' (optional)'}</span>
            <input className="input" name="reason" required={needsReason.includes(name)} maxLength={500} />
          </label>
        )}
        {error !== undefined && <Problem error={error} />}
        <div className="row">
          <button type="submit" className="button primary" disabled={busy}>
            {title}
          </button>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}
