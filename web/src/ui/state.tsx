// What is shown where an answer is not there: it is loading, slow, empty,
// refused, or went wrong. Pages use these and nothing of their own.

import type { UseQueryResult } from '@tanstack/react-query'
import { useEffect, useState, type ReactNode } from 'react'
import { ApiError, standingReason } from '../api/client'
import type { Meta } from '../api/model'
import { go } from '../app/router'
import { Confirm } from './confirm'
import { count } from './format'

/** Nothing yet. Says after five seconds that it takes long. */
export function Loading({ what }: { what: string }) {
  const [after, setAfter] = useState(0)
  useEffect(() => {
    const timers = [setTimeout(() => setAfter(1), 200), setTimeout(() => setAfter(2), 5000)]
    return () => timers.forEach(clearTimeout)
  }, [])
  return (
    <div className="state" role="status" aria-busy="true" aria-label={`Loading ${what}`}>
      {after > 0 && (
        <>
          <div className="skeleton" style={{ width: 240, maxWidth: '60vw' }} />
          <div className="skeleton" style={{ width: 360, maxWidth: '80vw' }} />
          <div className="skeleton" style={{ width: 180, maxWidth: '40vw' }} />
        </>
      )}
      {after > 1 && <p className="muted">Loading {what} takes longer than usual. Gatebook may be busy, or the question may be a large one.</p>}
    </div>
  )
}

/** There is nothing, and why, and what to do. */
export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="state">
      <p className="title">{title}</p>
      {children && <div className="muted">{children}</div>}
      {action}
    </div>
  )
}

const titles: Record<string, string> = {
  unreachable: 'Gatebook does not answer',
  unreadable: 'The answer cannot be read',
  role: 'Your role does not allow this',
  reason: 'A reason is asked for',
  confirm: 'Sign in again for this',
  throttled: 'Too many attempts',
  state: 'This does not fit how it is now',
  token: 'You are not signed in',
  session: 'Your session has ended',
  password: 'Your account has no password yet',
  query: 'The query cannot be understood',
  argument: 'The question cannot be understood',
  index: 'The search index is not available',
  busy: 'Gatebook is busy',
  'not-found': 'There is nothing here',
  evidence: 'The evidence does not hold',
  'not-recorded': 'Looks cannot be recorded, so nothing is shown',
  pending: 'Not yet',
  held: 'A legal hold is in force',
  internal: 'Something went wrong inside Gatebook',
}

/** What went wrong, in the API's own words, with what to do. */
export function Problem({ error, retry, children }: { error: unknown; retry?: (() => void) | undefined; children?: ReactNode }) {
  const known = error instanceof ApiError ? error : undefined
  const detail = known ? known.problem.detail : error instanceof Error ? error.message : String(error)
  const title = (known && titles[known.code]) ?? known?.problem.title ?? 'The console made a mistake'
  const kind = known?.code === 'role' || known?.code === 'reason' || known?.code === 'confirm' || known?.code === 'not-found' ? '' : ' bad'
  return (
    <div className="state" role="alert">
      <p className={`title${kind}`}>{title}</p>
      {sentence(detail) !== `${title}.` && <p>{sentence(detail)}</p>}
      {known?.code === 'query' && <QueryFault query={known.problem.query ?? ''} position={known.problem.position ?? 0} />}
      {known?.code === 'confirm' && <Confirm />}
      {known?.code === 'reason' && <GiveReason retry={retry} />}
      {known?.code !== 'reason' && known?.problem.help && <p className="muted">{sentence(known.problem.help)}</p>}
      {children}
      <div className="row">
        {retry && known?.code !== 'reason' && (
          <button type="button" className="button" onClick={retry}>
            Try again
          </button>
        )}
        {known?.status === 401 && (
          <button type="button" className="button primary" onClick={() => go(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`)}>
            Sign in
          </button>
        )}
      </div>
    </div>
  )
}

/** Asks why somebody looks, where this installation wants to know. */
function GiveReason({ retry }: { retry: (() => void) | undefined }) {
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        standingReason.set(String(new FormData(event.currentTarget).get('reason') ?? ''))
        if (retry) retry()
      }}
    >
      <label className="field">
        <span className="label">Why do you look? The reason is sealed with each look until you close this page.</span>
        <input className="input" name="reason" required maxLength={500} />
      </label>
      <div>
        <button type="submit" className="button primary">
          Go on
        </button>
      </div>
    </form>
  )
}

/** A query with its fault underlined. */
function QueryFault({ query, position }: { query: string; position: number }) {
  if (query === '') return null
  const chars = [...query]
  if (position < 1) return <pre className="muted">{query}</pre>
  return (
    <pre>
      {chars.slice(0, position - 1).join('')}
      <mark>{chars.slice(position - 1, position).join('') || ' '}</mark>
      {chars.slice(position).join('')}
    </pre>
  )
}

function sentence(text: string): string {
  const first = text.slice(0, 1).toUpperCase() + text.slice(1)
  return /[.!?:…]$/.test(first) ? first : `${first}.`
}

/** Whether Gatebook did not answer, which the shell says once for the whole page. */
function gone(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'unreachable'
}

/** Draws the answer of a query, or the state that it is in. */
export function Answer<T>({ query, what, children }: { query: UseQueryResult<T>; what: string; children: (data: T) => ReactNode }) {
  if (query.data !== undefined && !(query.isError && query.data === undefined)) {
    return (
      <>
        {query.isError && !gone(query.error) && (
          <div className="notice warn" role="status">
            This is not the newest: the last update failed ({query.error instanceof Error ? query.error.message : 'no answer'}).
            <button type="button" className="button quiet small" onClick={() => void query.refetch()}>
              Try again
            </button>
          </div>
        )}
        {children(query.data)}
      </>
    )
  }
  if (query.isError) return <Problem error={query.error} retry={() => void query.refetch()} />
  return <Loading what={what} />
}

/** A question beside the main one: what went wrong is said in a line, and not at all if the main one says it. */
export function Aside<T>({ query, what, children }: { query: UseQueryResult<T>; what: string; children: (data: T) => ReactNode }) {
  if (query.isError && query.data === undefined) {
    const known = query.error instanceof ApiError ? query.error : undefined
    if (known && ['query', 'argument', 'unreachable', 'token', 'session'].includes(known.code)) return null
    return (
      <p className="muted small" role="status">
        {what} could not be made: {known?.problem.detail ?? 'something went wrong'}.
      </p>
    )
  }
  return <Answer query={query} what={what}>{children}</Answer>
}

/** How much of the record an answer covers, if that is not all of it. */
export function Coverage({ meta }: { meta: Meta }) {
  if (meta.complete) return null
  const behind = meta.sealed - meta.indexed
  return (
    <div className="notice warn" role="status">
      <strong>Not all that matches may be here.</strong>
      {behind > 0 && (
        <span>
          {count(behind)} of {count(meta.sealed)} records are not indexed yet.
        </span>
      )}
      {meta.index !== 'up' && !meta.index.startsWith('behind') && <span>Index {meta.index}.</span>}
      {meta.note && !(behind > 0 && /not indexed yet$/.test(meta.note)) && <span>{sentence(meta.note)}</span>}
    </div>
  )
}
