import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ApiError, send } from '../../api/client'
import { readLines } from '../../api/lines'
import type { EraseItem, EraseRequest, ErasePlan, EraseResult } from '../../api/model'
import { Link } from '../../app/router'
import { useMay } from '../../app/session'
import { Dialog } from '../../ui/dialog'
import { count, plural } from '../../ui/format'
import { Panel, Pairs } from '../../ui/panel'
import { Empty, Problem } from '../../ui/state'
import { Time } from '../../ui/time'
import { SelectionFields, selectionOf } from './selection'

/** Erasure of envelopes: first what it would do, then the deed. */
export function ErasurePanel() {
  const may = useMay()
  const [open, setOpen] = useState(false)
  return (
    <Panel
      title="Erasure"
      actions={
        may('erase') && (
          <button type="button" className="button" onClick={() => setOpen(true)}>
            Erase, with a preview
          </button>
        )
      }
    >
      {may('erase') ? (
        <p className="muted">Names, paths and bodies of a person, an object or a query can be taken out of the record. Each header stays, and each proof holds. What permits it is sealed first.</p>
      ) : (
        <Empty title="Not for your role">Administrators erase.</Empty>
      )}
      {open && <EraseDialog onClose={() => setOpen(false)} />}
    </Panel>
  )
}

async function ask(request: EraseRequest, reason: string): Promise<EraseItem> {
  const response = await send('/api/v1/erase', { method: 'POST', body: request, reason })
  let last: EraseItem | undefined
  await readLines<EraseItem>(response, (item) => {
    if (item.problem) throw new ApiError(item.problem)
    if (!item.progress) last = item
  })
  if (!last) throw new Error('The answer ended before it was whole. Look at the decisions in the record for what was done.')
  return last
}

function EraseDialog({ onClose }: { onClose: () => void }) {
  const client = useQueryClient()
  const [asked, setAsked] = useState<{ request: EraseRequest; reason: string }>()
  const [plan, setPlan] = useState<ErasePlan>()
  const [result, setResult] = useState<EraseResult>()
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)

  const run = async (request: EraseRequest, reason: string) => {
    setBusy(true)
    setError(undefined)
    try {
      const item = await ask(request, reason)
      if (item.plan) {
        setPlan(item.plan)
        setAsked({ request, reason })
      }
      if (item.result) {
        setResult(item.result)
        void client.invalidateQueries()
      }
    } catch (e) {
      setError(e)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog title={result ? 'Erased' : plan ? 'This would be erased' : 'Erase'} onClose={onClose}>
      {result ? (
        <div className="stack">
          <PlanView plan={result} />
          <p>
            Decided in{' '}
            {result.decisions.map((n, i) => (
              <span key={n}>
                {i > 0 && ', '}
                <Link to={`/call/${n}`} onClick={onClose}>
                  record {count(n)}
                </Link>
              </span>
            ))}
            .
          </p>
          <div>
            <button type="button" className="button primary" onClick={onClose}>
              Close
            </button>
          </div>
        </div>
      ) : plan && asked ? (
        <div className="stack">
          <PlanView plan={plan} />
          {error !== undefined && <Problem error={error} />}
          <p className="bad">This cannot be undone.</p>
          <div className="row">
            <button type="button" className="button danger" disabled={busy || plan.events === 0} onClick={() => void run({ ...asked.request, dry_run: false }, asked.reason)}>
              {busy ? 'Erasing' : `Erase ${plural(plan.events, 'event')}`}
            </button>
            <button
              type="button"
              className="button"
              onClick={() => {
                setPlan(undefined)
                setError(undefined)
              }}
            >
              Back
            </button>
          </div>
        </div>
      ) : (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault()
            const data = new FormData(event.currentTarget)
            const request: EraseRequest = { ...selectionOf(data), dry_run: true, mentions: data.get('mentions') === 'on', except_held: data.get('held') === 'on' }
            const number = String(data.get('request') ?? '').trim()
            if (number) request.request = number
            void run(request, String(data.get('reason') ?? ''))
          }}
        >
          <SelectionFields prefix="Erase" />
          <label className="check">
            <input type="checkbox" name="mentions" /> also what others did that names what is meant
          </label>
          <label className="check">
            <input type="checkbox" name="held" /> leave out what is under legal hold, instead of doing nothing
          </label>
          <label className="field">
            <span className="label">Number of the request, which is sealed in the open (optional)</span>
            <input className="input" name="request" maxLength={100} />
          </label>
          <label className="field">
            <span className="label">Reason, which is sealed</span>
            <input className="input" name="reason" required maxLength={500} />
          </label>
          {error !== undefined && <Problem error={error} />}
          <div className="row">
            <button type="submit" className="button primary" disabled={busy}>
              {busy ? 'Looking' : 'See what it would do'}
            </button>
            <button type="button" className="button" onClick={onClose}>
              Cancel
            </button>
          </div>
        </form>
      )}
    </Dialog>
  )
}

function PlanView({ plan }: { plan: ErasePlan }) {
  const list = (of: Record<string, number>) =>
    Object.entries(of)
      .map(([name, n]) => `${count(n)} ${name}`)
      .join(', ')
  return (
    <div className="stack">
      <Pairs
        list={[
          ['Events', count(plan.events)],
          ['Envelopes', list(plan.envelopes)],
          ['Kinds', list(plan.kinds)],
          ['From', plan.from && <Time key="f" at={plan.from} full />],
          ['To', plan.to && <Time key="t" at={plan.to} full />],
          ['Identities', plan.identities.map((who) => `${who.principal} (${plural(who.events, 'event')})`).join(', ')],
          ['Under hold', plan.held_events > 0 && `${plural(plan.held_events, 'event')}: ${plan.held.map((hold) => hold.name).join(', ')}`],
          ['Elsewhere', plan.elsewhere.events > 0 && `${plural(plan.elsewhere.events, 'event')} of others that name what is meant`],
        ]}
      />
      {plan.notes?.map((note) => (
        <div key={note} className="notice">
          {note}
        </div>
      ))}
    </div>
  )
}
