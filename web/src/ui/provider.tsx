// What is done about access where it was given: at identity providers and
// issuers of tokens.

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { json } from '../api/client'
import type { NewRevocation, Provider, Revocation } from '../api/model'
import type { ReadingStats } from '../api/types'
import { announce } from '../app/announce'
import { Link } from '../app/router'
import { useMay } from '../app/session'
import { Dialog } from './dialog'
import { plural } from './format'
import { Answer, Problem } from './state'
import { Time } from './time'

type Act = 'deactivate' | 'revoke-token'

/** What can be said to a revocation that is there. */
type Answered = 'undo' | 'retry' | 'approve' | 'reject'

type Asked = { act: Act } | { act: Answered; revocation: Revocation }

const words: Record<string, string> = { deactivate: 'Deactivated', activate: 'Activated again', 'revoke-token': 'Token revoked' }
const states: Record<string, string> = { pending: 'on its way', failed: 'failed' }

/** Whether a credential of that method is a token of an issuer. */
export const isToken = (method: string | undefined): boolean => method === 'jwt' || method === 'bearer'

/** What a revocation is about: an account, or a token by its fingerprint. */
const subject = (r: Revocation): string => r.user ?? r.fingerprint ?? r.id

/** How far it is, in a sentence. */
function how(r: Revocation): string {
  switch (r.state) {
    case 'done':
      return `${words[r.action] ?? r.action}: ${subject(r)} at ${r.provider}.`
    case 'failed':
      return `${r.provider} did not do it: ${r.error ?? 'it gave no reason'}.`
    case 'pending':
      return `It is sealed, and on its way to ${r.provider}.`
    case 'proposed':
      return 'It is proposed: somebody else must approve it.'
    default:
      return `It is sealed, and ${r.state}.`
  }
}

export interface AtProviderProps {
  /** Accounts that it may be about, as providers may name them. */
  names: readonly string[]
  /** Fingerprints of the tokens that it may be about. */
  prints: readonly string[]
  /** The incident because of which it is done. */
  incident?: string
}

/** What was done at providers about some accounts and tokens, and the way to do something. */
export function AtProvider({ names, prints, incident }: AtProviderProps) {
  const may = useMay()
  const client = useQueryClient()
  const [asked, setAsked] = useState<Asked>()
  const providers = useQuery({ queryKey: ['revocations', 'providers'], enabled: may('list-revocations'), queryFn: ({ signal }) => json<Provider[]>('/api/v1/revocations/providers', { signal }), staleTime: 300_000, retry: false })
  const able = (act: Act) => providers.data?.filter((each) => each.actions.includes(act)) ?? []
  const answer = useQuery({
    queryKey: ['revocations', 'list'],
    enabled: (providers.data?.length ?? 0) > 0,
    queryFn: ({ signal }) => json<Revocation[]>('/api/v1/revocations', { signal }),
    refetchInterval: (query) => (query.state.data?.some((each) => each.state === 'pending') ? 3_000 : false),
  })
  if (!providers.data || names.length + prints.length === 0) return null
  const deactivates = names.length > 0 && able('deactivate').length > 0
  const revokes = prints.length > 0 && able('revoke-token').length > 0
  const close = () => setAsked(undefined)
  const done = (r: Revocation) => {
    close()
    announce(how(r))
    void client.invalidateQueries({ queryKey: ['revocations', 'list'] })
  }
  return (
    <section className="stack tight" aria-labelledby="at-provider">
      <div className="row">
        <h3 id="at-provider">At the provider</h3>
        {may('propose') && (
          <div className="row push">
            {deactivates && (
              <button type="button" className="button danger small" onClick={() => setAsked({ act: 'deactivate' })}>
                {may('revoke') ? 'Deactivate the account' : 'Propose to deactivate the account'}
              </button>
            )}
            {revokes && may('revoke') && (
              <button type="button" className="button danger small" onClick={() => setAsked({ act: 'revoke-token' })}>
                Revoke the token
              </button>
            )}
          </div>
        )}
      </div>
      {!deactivates && !revokes ? (
        <p className="muted">
          No provider is configured that could be asked to {[names.length > 0 && 'deactivate the account', prints.length > 0 && 'revoke the token'].filter(Boolean).join(' or to ')}: the configuration lists them under <code>act.providers</code>. A block holds at the gateway only.
        </p>
      ) : (
        <Answer query={answer} what="what was done at the provider">
          {(data) => {
            const list = data.filter((each) => (each.user !== undefined && names.includes(each.user)) || (each.fingerprint !== undefined && prints.includes(each.fingerprint)) || (incident !== undefined && each.incident === incident))
            return list.length === 0 ? (
              <p className="muted">{deactivates ? 'The account is as the provider has it. A block holds at the gateway only; who is deactivated there cannot sign in anywhere.' : 'Nothing was revoked. A block holds at the gateway only; a token that its issuer revoked is good for nothing where it is asked about.'}</p>
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
      )}
      {asked && <Ask asked={asked} providers={asked.act === 'deactivate' || asked.act === 'revoke-token' ? able(asked.act) : []} names={names} prints={prints} incident={incident} onClose={close} onDone={done} />}
    </section>
  )
}

function One({ revocation: r, onAsk }: { revocation: Revocation; onAsk: (act: Answered) => void }) {
  const may = useMay()
  const tone = r.state === 'pending' || r.state === 'proposed' ? 'warn' : r.state === 'rejected' || r.state === 'lapsed' ? '' : r.action === 'activate' && r.state === 'done' ? 'good' : 'bad'
  return (
    <span className="stack tight">
      <span className="row">
        <span className={`tag ${tone}`}>{r.state === 'done' ? (words[r.action] ?? r.action) : (states[r.state] ?? r.state)}</span>
        <span>
          <span className="mono">{subject(r)}</span> at {r.provider}
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
          <button type="button" className="button small push" onClick={() => onAsk('undo')} aria-label={`Activate again: ${subject(r)}`}>
            Activate again
          </button>
        )}
        {may('revoke') && r.try_again && (
          <button type="button" className="button small push" onClick={() => onAsk('retry')} aria-label={`Try again: ${r.id}`}>
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
      {r.state === 'pending' && r.attempts > 0 && (
        <span className="muted small">
          {plural(r.attempts, 'attempt')} so far{r.due && <>, the next at <Time at={r.due} /></>}
        </span>
      )}
      {r.detail && <span className="muted small">{r.detail}</span>}
      {r.error && <span className="bad small">{r.error}</span>}
    </span>
  )
}

const titles = { deactivate: 'Deactivate the account at the provider', 'revoke-token': 'Revoke the token at its issuer', undo: 'Activate the account again', retry: 'Try it again', approve: 'Approve the deactivation', reject: 'Reject the proposal' } as const
const buttons = { deactivate: 'Deactivate', 'revoke-token': 'Revoke', undo: 'Activate again', retry: 'Try again', approve: 'Approve', reject: 'Reject' } as const

interface AskProps extends AtProviderProps {
  asked: Asked
  providers: readonly Provider[]
  onClose: () => void
  onDone: (r: Revocation) => void
}

function Ask({ asked, providers, names, prints, incident, onClose, onDone }: AskProps) {
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const [at, setAt] = useState(providers[0]?.name ?? '')
  const may = useMay()
  const before = 'revocation' in asked ? asked.revocation : undefined
  const send = (data: FormData) => {
    setBusy(true)
    setError(undefined)
    const text = (name: string) => String(data.get(name) ?? '').trim()
    const body: NewRevocation = { provider: at }
    if (asked.act === 'deactivate') body.user = text('user')
    if (asked.act === 'revoke-token') body.fingerprint = text('fingerprint')
    if (text('token')) body.token = text('token')
    if (incident) body.incident = incident
    const done = before ? json<Revocation>(`/api/v1/revocations/${encodeURIComponent(before.id)}/${asked.act}`, { method: 'POST', reason: text('reason') }) : json<Revocation>('/api/v1/revocations', { method: 'POST', body, reason: text('reason') })
    done.then(onDone, (e: unknown) => {
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
        {before ? (
          <p>
            <span className="mono">{subject(before)}</span> at {before.provider}
          </p>
        ) : (
          <>
            <label className="field">
              <span className="label">Provider</span>
              <select className="input" value={at} onChange={(event) => setAt(event.target.value)}>
                {providers.map((each) => (
                  <option key={each.name}>{each.name}</option>
                ))}
              </select>
            </label>
            {asked.act === 'deactivate' ? <Account names={names} providers={providers} /> : <Token prints={prints} provider={providers.find((each) => each.name === at)} />}
          </>
        )}
        <label className="field">
          <span className="label">Why; it is sealed before anything is sent</span>
          <input className="input" name="reason" required maxLength={500} />
        </label>
        {error !== undefined && <Problem error={error} />}
        <div className="row">
          <button type="submit" className={before ? 'button primary' : 'button danger primary'} disabled={busy}>
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

function Account({ names, providers }: { names: readonly string[]; providers: readonly Provider[] }) {
  const may = useMay()
  return (
    <>
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
  )
}

/** Which token, and what will come of it. */
function Token({ prints, provider }: { prints: readonly string[]; provider: Provider | undefined }) {
  const [print, setPrint] = useState(prints[0] ?? '')
  const shown = provider?.kind === 'token'
  const used = useQuery({
    queryKey: ['used', print],
    queryFn: ({ signal }) => json<ReadingStats>('/api/v1/stats', { params: { query: `credential.fingerprint:=${JSON.stringify(print)}`, by: ['credential.client'], from: '24h', limit: 100 }, signal }),
    staleTime: 30_000,
  })
  return (
    <>
      <label className="field">
        <span className="label">Token, by its fingerprint</span>
        <select className="input wide mono" name="fingerprint" value={print} onChange={(event) => setPrint(event.target.value)}>
          {prints.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
      {shown && (
        <label className="field">
          <span className="label">The token itself: its issuer must be shown it, and Gatebook keeps none</span>
          <input className="input mono" name="token" type="password" required maxLength={65536} spellCheck={false} autoComplete="off" />
        </label>
      )}
      <section className="notice info" aria-label="What will happen">
        <Answer query={used} what="how it is used">
          {(data) => <p>{data.rows.length === 0 ? 'No call came with it in the last 24 hours.' : `${plural(data.rows.reduce((sum, row) => sum + row.count, 0), 'call')} came with it in the last 24 hours.`}</p>}
        </Answer>
        <p>
          {shown ? `${provider.name} is asked to revoke it. A token that is not the one of the fingerprint is refused here, and sent nowhere.` : `${provider?.name ?? 'The provider'} is told the fingerprint, and nothing else of the token; what it does then is its own.`} There is no undo: who needs access gets a new token.
        </p>
        <p>The gateway knows a JWT by its signature: calls with it go on until it expires. Block it at the gateway, too, to end them now.</p>
      </section>
    </>
  )
}
