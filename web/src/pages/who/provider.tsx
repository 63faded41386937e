import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { json } from '../../api/client'
import type { NewRevocation, Provider, Revocation } from '../../api/model'
import { Link } from '../../app/router'
import { useMay } from '../../app/session'
import { Dialog } from '../../ui/dialog'
import { Answer, Problem } from '../../ui/state'
import { Time } from '../../ui/time'

const tones: Record<string, string> = { proposed: 'warn', pending: 'warn', done: 'bad', failed: 'bad' }
const words: Record<string, string> = { deactivate: 'Deactivated', activate: 'Activated again', 'revoke-token': 'Token revoked' }

/** What can be said to a revocation that is there. */
type Answered = 'undo' | 'retry' | 'approve' | 'reject'

type Asked = { act: 'deactivate' } | { act: Answered; revocation: Revocation }

/** What is done about an account where it was given: at the identity provider. Nothing where none is configured. */
export function AtProvider({ names }: { names: readonly string[] }) {
  const may = useMay()
  const client = useQueryClient()
  const [asked, setAsked] = useState<Asked>()
  const providers = useQuery({ queryKey: ['revocations', 'providers'], enabled: may('list-revocations'), queryFn: ({ signal }) => json<Provider[]>('/api/v1/revocations/providers', { signal }), staleTime: 300_000, retry: false })
  const able = providers.data?.filter((each) => each.actions.includes('deactivate')) ?? []
  const answer = useQuery({
    queryKey: ['revocations', 'list'],
    enabled: able.length > 0,
    queryFn: ({ signal }) => json<Revocation[]>('/api/v1/revocations', { signal }),
    refetchInterval: (query) => (query.state.data?.some((each) => each.state === 'pending') ? 3_000 : false),
  })
  if (able.length === 0 || names.length === 0) return null
  const close = () => {
    setAsked(undefined)
    void client.invalidateQueries({ queryKey: ['revocations', 'list'] })
  }
  return (
    <section className="stack tight" aria-labelledby="at-provider">
      <div className="row">
        <h3 id="at-provider">At the provider</h3>
        {may('propose') && (
          <button type="button" className="button danger small push" onClick={() => setAsked({ act: 'deactivate' })}>
            {may('revoke') ? 'Deactivate the account' : 'Propose to deactivate the account'}
          </button>
        )}
      </div>
      <Answer query={answer} what="what was done at the provider">
        {(data) => {
          const list = data.filter((each) => each.user !== undefined && names.includes(each.user))
          return list.length === 0 ? (
            <p className="muted">The account is as the provider has it. A block holds at the gateway only; who is deactivated there cannot sign in anywhere.</p>
          ) : (
            <ul className="stack">
              {list.map((each) => (
                <li key={each.id}>
                  <One revocation={each} onAsk={(act) => setAsked({ act, revocation: each })} />
                </li>
              ))}
            </ul>
          )
        }}
      </Answer>
      {asked && <Ask asked={asked} providers={able} names={names} onClose={close} />}
    </section>
  )
}

function One({ revocation: r, onAsk }: { revocation: Revocation; onAsk: (act: Answered) => void }) {
  const may = useMay()
  const tone = r.action === 'activate' && r.state === 'done' ? 'good' : (tones[r.state] ?? '')
  return (
    <span className="stack tight">
      <span className="row">
        <span className={`tag ${tone}`}>{r.state === 'done' ? (words[r.action] ?? r.action) : r.state}</span>
        <span>
          <span className="mono">{r.user}</span> at {r.provider}
        </span>
        <span className="muted small">
          by {r.by || 'somebody who was erased'}
          {r.approved && <>, approved by {r.approved}</>}, <Link to={`/call/${r.ending ?? r.decision}`}><Time at={r.ended ?? r.since} /></Link>
        </span>
        {may('approve') && r.state === 'proposed' && (
          <>
            <button type="button" className="button small push" onClick={() => onAsk('approve')} aria-label={`Approve ${r.id}`}>
              Approve
            </button>
            <button type="button" className="button small" onClick={() => onAsk('reject')} aria-label={`Reject ${r.id}`}>
              Reject
            </button>
          </>
        )}
        {may('revoke') && r.action === 'deactivate' && r.state === 'done' && !r.undone_by && (
          <button type="button" className="button small push" onClick={() => onAsk('undo')} aria-label={`Activate ${r.user ?? r.id} again`}>
            Activate again
          </button>
        )}
        {may('revoke') && r.try_again && (
          <button type="button" className="button small push" onClick={() => onAsk('retry')} aria-label={`Try ${r.id} again`}>
            Try again
          </button>
        )}
      </span>
      {r.reason && <span className="muted">{r.reason}</span>}
      {r.state === 'proposed' && r.answer_by && (
        <span className="small">
          Somebody else than {r.by || 'who proposed it'} approves it until <Time at={r.answer_by} />, or nothing comes of it.
        </span>
      )}
      {r.error && <span className="bad small">{r.error}</span>}
    </span>
  )
}

const titles = { deactivate: 'Deactivate the account at the provider', undo: 'Activate the account again', retry: 'Try it again', approve: 'Approve the deactivation', reject: 'Reject the proposal' } as const
const buttons = { deactivate: 'Deactivate', undo: 'Activate again', retry: 'Try again', approve: 'Approve', reject: 'Reject' } as const

function Ask({ asked, providers, names, onClose }: { asked: Asked; providers: readonly Provider[]; names: readonly string[]; onClose: () => void }) {
  const may = useMay()
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const send = (data: FormData) => {
    setBusy(true)
    setError(undefined)
    const reason = String(data.get('reason') ?? '')
    const body: NewRevocation = { provider: String(data.get('provider') ?? ''), user: String(data.get('user') ?? '').trim() }
    const done = asked.act === 'deactivate' ? json<Revocation>('/api/v1/revocations', { method: 'POST', body, reason }) : json<Revocation>(`/api/v1/revocations/${encodeURIComponent(asked.revocation.id)}/${asked.act}`, { method: 'POST', reason })
    done.then(onClose, (e: unknown) => {
      setError(e)
      setBusy(false)
    })
  }
  return (
    <Dialog title={titles[asked.act]} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          send(new FormData(event.currentTarget))
        }}
      >
        {asked.act === 'deactivate' ? (
          <>
            <label className="field">
              <span className="label">Provider</span>
              <select className="input" name="provider">
                {providers.map((each) => (
                  <option key={each.name}>{each.name}</option>
                ))}
              </select>
            </label>
            <label className="field">
              <span className="label">Account, as the provider names it</span>
              <input className="input mono" name="user" list="account-names" defaultValue={names[0]} required maxLength={256} spellCheck={false} autoComplete="off" />
            </label>
            <datalist id="account-names">
              {names.map((name) => (
                <option key={name} value={name} />
              ))}
            </datalist>
            {(!may('revoke') || providers.some((each) => each.approval)) && <div className="notice info">{may('revoke') ? `At ${providers.filter((each) => each.approval).map((each) => each.name).join(', ')} it is only proposed` : 'It is only proposed'}: somebody else must approve it.</div>}
            <div className="notice info">Whoever has the account cannot sign in with it anywhere. Calls with tokens that it has go on until these expire: block it at the gateway, too.</div>
          </>
        ) : (
          <p>
            <span className="mono">{asked.revocation.user}</span> at {asked.revocation.provider}
          </p>
        )}
        <label className="field">
          <span className="label">Why; it is sealed before anything is sent</span>
          <input className="input" name="reason" required maxLength={500} />
        </label>
        {error !== undefined && <Problem error={error} />}
        <div className="row">
          <button type="submit" className={asked.act === 'deactivate' ? 'button danger primary' : 'button primary'} disabled={busy}>
            {busy ? 'Asking the provider' : asked.act === 'deactivate' && !may('revoke') ? 'Propose' : buttons[asked.act]}
          </button>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}
