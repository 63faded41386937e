import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from 'react'
import { json } from '../../api/client'
import type { Me } from '../../api/model'
import { go, usePlace } from '../../app/router'
import { changeSession, useSession } from '../../app/session'
import { Code } from '../../ui/copy'
import { Answer, Loading, Problem } from '../../ui/state'
import { linkOf, nextOf } from './next'
import './sign-in.css'

export default function SignIn() {
  const session = useSession()
  return (
    <div className="sign-in">
      <div className="panel">
        <div className="body">
          <p className="brand">
            <img src="/favicon.svg" width="28" height="28" alt="" />
            Gatebook
          </p>
          <Answer query={session} what="the ways to sign in">
            {(me) => <Ways me={me} />}
          </Answer>
        </div>
      </div>
    </div>
  )
}

/** Why the provider's answer did not sign in. */
const refusals: Record<string, string> = {
  'oidc-answer': 'The answer of the provider does not belong to a sign-in that this browser began a short while ago. Try again.',
  'oidc-role': 'The provider says who you are, and nothing there gives you a role here. An administrator names it in the configuration, under console.oidc.',
  'oidc-name': 'The provider did not say your name, or it is that of somebody else here. Ask an administrator.',
  'oidc-disabled': 'Your account here is disabled. Ask an administrator.',
  'oidc-account': 'Your account here could not be kept. Ask an administrator to look at the log.',
  'oidc-provider': 'The provider does not answer, or refused. Try again later.',
}

function Ways({ me }: { me: Me }) {
  const { query } = usePlace()
  const client = useQueryClient()
  const next = nextOf(query, location.origin)
  const [link, setLink] = useState(() => linkOf(location.hash))
  useEffect(() => {
    const changed = () => setLink(linkOf(location.hash))
    window.addEventListener('hashchange', changed)
    return () => window.removeEventListener('hashchange', changed)
  }, [])
  const done = me.signed_in && !me.set_password && !link
  useEffect(() => {
    if (done) go(next, { replace: true })
  }, [done, next])
  const entered = (now: Me) => {
    changeSession(client, now)
    setLink('')
  }
  if (link) return <Follow link={link} onDone={entered} onDrop={() => setLink('')} />
  if (me.signed_in && me.set_password) return <NewPassword me={me} onDone={entered} />
  if (done) return <Loading what="the console" />
  const problem = new URLSearchParams(query).get('problem')
  return (
    <>
      <h1>Sign in</h1>
      {problem && (
        <div className="notice bad" role="alert">
          {refusals[problem] ?? 'The sign-in failed.'}
        </div>
      )}
      {me.sign_in.oidc && (
        <a className="button primary wide" href={`/api/v1/oidc/login?next=${encodeURIComponent(next)}`}>
          Sign in with {me.sign_in.oidc}
        </a>
      )}
      {me.sign_in.oidc && me.sign_in.passwords && <p className="or muted small">or with an account of this Gatebook</p>}
      {me.sign_in.passwords && <Password onDone={entered} primary={!me.sign_in.oidc} />}
      {me.sign_in.first && <First />}
      {!me.sign_in.passwords && !me.sign_in.oidc && <p>Nobody can sign in here: the configuration has neither accounts nor a provider. With a token, the command line and the API do the same.</p>}
    </>
  )
}

/** Sends a form, and keeps what went wrong. */
function useForm(path: string, body: (data: FormData) => unknown, onDone: (me: Me) => void) {
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = event.currentTarget
    setBusy(true)
    setError(undefined)
    try {
      onDone(await json<Me>(path, { method: 'POST', body: body(new FormData(form)) }))
    } catch (e) {
      setError(e)
      form.querySelector<HTMLInputElement>('input[type=password]')?.select()
    } finally {
      setBusy(false)
    }
  }
  return { error, busy, submit }
}

function Password({ onDone, primary }: { onDone: (me: Me) => void; primary: boolean }) {
  const form = useForm('/api/v1/session', (data) => ({ name: String(data.get('username')).trim(), password: String(data.get('password')) }), onDone)
  const name = useRef<HTMLInputElement>(null)
  useEffect(() => name.current?.focus(), [])
  return (
    <form className="stack" onSubmit={(event) => void form.submit(event)}>
      <Field id="username" title="Name">
        <input ref={name} id="username" name="username" className="input" autoComplete="username" autoCapitalize="none" spellCheck={false} required maxLength={128} />
      </Field>
      <Field id="password" title="Password">
        <input id="password" name="password" type="password" className="input" autoComplete="current-password" required maxLength={1024} />
      </Field>
      {form.error !== undefined && <Problem error={form.error} />}
      <button type="submit" className={`button wide${primary ? ' primary' : ''}`} disabled={form.busy}>
        {form.busy ? 'Signing in' : 'Sign in'}
      </button>
    </form>
  )
}

/** Nobody has an account yet. */
function First() {
  return (
    <div className="stack">
      <h2>Nobody has an account yet</h2>
      <p>Follow the link that gatebook serve printed when it started, or have another made on its machine:</p>
      <Code text="gatebook login-link" label="command that makes a link" />
    </div>
  )
}

/** Follows a link that signs in once. */
function Follow({ link, onDone, onDrop }: { link: string; onDone: (me: Me) => void; onDrop: () => void }) {
  const form = useForm('/api/v1/session', () => ({ link }), onDone)
  useEffect(() => {
    // The secret leaves the address bar and the history before anything else.
    history.replaceState(null, '', location.pathname + location.search)
  }, [])
  return (
    <form className="stack" onSubmit={(event) => void form.submit(event)}>
      <h1>Sign in with this link</h1>
      <p>It works once. After that, this browser stays signed in until you sign out.</p>
      {form.error !== undefined && <Problem error={form.error} />}
      <button type="submit" className="button primary wide" disabled={form.busy} autoFocus>
        {form.busy ? 'Signing in' : 'Sign in'}
      </button>
      {form.error !== undefined && (
        <button type="button" className="button wide" onClick={onDrop}>
          Sign in another way
        </button>
      )}
    </form>
  )
}

function NewPassword({ me, onDone }: { me: Me; onDone: (me: Me) => void }) {
  const form = useForm('/api/v1/session/password', (data) => ({ password: String(data.get('new')) }), onDone)
  return (
    <form className="stack" onSubmit={(event) => void form.submit(event)}>
      <h1>Set your password</h1>
      <p>
        You are <strong>{me.name}</strong>. Before anything else, set a password of at least {me.sign_in.min_password} characters. A sentence is easier to remember than signs.
      </p>
      <input type="text" name="username" autoComplete="username" value={me.name} readOnly hidden />
      <Field id="new" title="New password">
        <input id="new" name="new" type="password" className="input" autoComplete="new-password" required minLength={me.sign_in.min_password} maxLength={1024} autoFocus />
      </Field>
      {form.error !== undefined && <Problem error={form.error} />}
      <button type="submit" className="button primary wide" disabled={form.busy}>
        {form.busy ? 'Setting it' : 'Set password'}
      </button>
    </form>
  )
}

function Field({ id, title, children }: { id: string; title: string; children: ReactNode }) {
  return (
    <div className="field">
      <label htmlFor={id}>{title}</label>
      {children}
    </div>
  )
}
