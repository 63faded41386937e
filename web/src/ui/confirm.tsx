import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ApiError, json } from '../api/client'
import type { Me } from '../api/model'
import { sessionQuery, useSession } from '../app/session'

/**
 * What cannot be undone is done only soon after signing in: here people show
 * again that they are who they are. It stands inside of forms, and so is none.
 */
export function Confirm() {
  const me = useSession().data
  const client = useQueryClient()
  const [password, setPassword] = useState('')
  const [said, setSaid] = useState('')
  const [busy, setBusy] = useState(false)
  const show = () => {
    setBusy(true)
    json<Me>('/api/v1/session', { method: 'POST', body: { name: me?.name ?? '', password } })
      .then(
        (now) => {
          client.setQueryData(sessionQuery.queryKey, now)
          setSaid('Thank you. Now do it once more.')
        },
        (e: unknown) => setSaid(e instanceof ApiError ? e.problem.detail : String(e)),
      )
      .finally(() => {
        setBusy(false)
        setPassword('')
      })
  }
  if (!me) return null
  return (
    <div className="stack">
      {me.sign_in.passwords && (
        <div className="row">
          <input
            className="input"
            style={{ width: 220 }}
            type="password"
            aria-label={`Password of ${me.name ?? 'your account'}`}
            placeholder="Your password"
            autoComplete="current-password"
            value={password}
            onChange={(event) => setPassword(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter') return
              event.preventDefault()
              show()
            }}
          />
          <button type="button" className="button" disabled={busy || password === ''} onClick={show}>
            Sign in again
          </button>
        </div>
      )}
      {me.sign_in.oidc && (
        <p>
          <a href={`/api/v1/oidc/login?again=true&next=${encodeURIComponent(location.pathname + location.search)}`}>Sign in again with {me.sign_in.oidc}</a>
        </p>
      )}
      <p role="status">{said}</p>
    </div>
  )
}
