import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { json } from '../../api/client'
import type { Hold } from '../../api/model'
import { Link } from '../../app/router'
import { useMay } from '../../app/session'
import { Dialog } from '../../ui/dialog'
import { Panel } from '../../ui/panel'
import { Answer, Empty, Problem } from '../../ui/state'
import { Time } from '../../ui/time'
import { SelectionFields, selectionOf, selectionText } from './selection'

/** Legal holds: what they mean is neither erased nor does it expire. */
export function HoldsPanel() {
  const may = useMay()
  const client = useQueryClient()
  const holds = useQuery({ queryKey: ['holds'], enabled: may('list-holds'), queryFn: ({ signal }) => json<Hold[]>('/api/v1/holds', { signal }) })
  const [dialog, setDialog] = useState<'add' | Hold>()
  const done = () => {
    setDialog(undefined)
    void client.invalidateQueries({ queryKey: ['holds'] })
    void client.invalidateQueries({ queryKey: ['retention'] })
  }
  return (
    <Panel
      title="Legal holds"
      actions={
        may('hold') && (
          <button type="button" className="button" onClick={() => setDialog('add')}>
            Begin a hold
          </button>
        )
      }
    >
      {!may('list-holds') ? (
        <Empty title="Not for your role">Auditors and administrators see the legal holds.</Empty>
      ) : (
        <Answer query={holds} what="the legal holds">
          {(list) =>
            list.length === 0 ? (
              <p className="muted">None is in force.</p>
            ) : (
              <ul className="stack">
                {list.map((hold) => (
                  <li key={hold.id} className="stack">
                    <span className="row">
                      <strong>{hold.name}</strong>
                      <span className="muted small">
                        {hold.id}, since <Time at={hold.since} /> (<Link to={`/call/${hold.decision}`}>decision</Link>)
                      </span>
                      {may('hold') && (
                        <button type="button" className="button small push" onClick={() => setDialog(hold)} aria-label={`End the hold ${hold.name}`}>
                          End
                        </button>
                      )}
                    </span>
                    <span className="mono">{selectionText(hold.selection)}</span>
                    {hold.reason && <span className="muted">{hold.reason}</span>}
                  </li>
                ))}
              </ul>
            )
          }
        </Answer>
      )}
      {dialog === 'add' && <Begin onClose={() => setDialog(undefined)} onDone={done} />}
      {dialog && dialog !== 'add' && <End hold={dialog} onClose={() => setDialog(undefined)} onDone={done} />}
    </Panel>
  )
}

function useSubmit(work: (data: FormData) => Promise<unknown>, onDone: () => void) {
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const submit = (form: HTMLFormElement) => {
    setBusy(true)
    setError(undefined)
    work(new FormData(form)).then(onDone, (e: unknown) => {
      setError(e)
      setBusy(false)
    })
  }
  return { error, busy, submit }
}

function Begin({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const { error, busy, submit } = useSubmit(
    (data) => json<Hold>('/api/v1/holds', { method: 'POST', body: { name: String(data.get('name') ?? ''), ...selectionOf(data) }, reason: String(data.get('reason') ?? '') }),
    onDone,
  )
  return (
    <Dialog title="Begin a legal hold" onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          submit(event.currentTarget)
        }}
      >
        <p>What it means is neither erased nor does it expire until the hold ends. It is sealed in the record.</p>
        <label className="field">
          <span className="label">Name of the hold</span>
          <input className="input" name="name" required maxLength={100} />
        </label>
        <SelectionFields prefix="Hold" />
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

function End({ hold, onClose, onDone }: { hold: Hold; onClose: () => void; onDone: () => void }) {
  const { error, busy, submit } = useSubmit((data) => json<Hold>(`/api/v1/holds/${encodeURIComponent(hold.id)}`, { method: 'DELETE', reason: String(data.get('reason') ?? '') }), onDone)
  return (
    <Dialog title={`End the hold ${hold.name}`} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          submit(event.currentTarget)
        }}
      >
        <p>What it means can then be erased, and expires by the rules of retention. What is due goes the next time that they are looked at.</p>
        <label className="field">
          <span className="label">Reason, which is sealed</span>
          <input className="input" name="reason" required maxLength={500} />
        </label>
        {error !== undefined && <Problem error={error} />}
        <div className="row">
          <button type="submit" className="button danger" disabled={busy}>
            End the hold
          </button>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}
