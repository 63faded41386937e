import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { json } from '../../api/client'
import type { Result } from '../../api/model'
import { go } from '../../app/router'
import { Answer } from '../../ui/state'

/** Whether a call was recorded ever. */
export const anyCall = {
  queryKey: ['any-call'],
  queryFn: ({ signal }: { signal: AbortSignal }) => json<Result>('/api/v1/search', { params: { query: 'kind:=access', limit: 1, payload: 'false' }, signal }),
}

/** The way in: to the live calls, or, before the first, to what is missing. */
export default function Home() {
  const calls = useQuery(anyCall)
  return (
    <div className="page">
      <h1 className="hidden">Gatebook</h1>
      <Answer query={calls} what="the record">
        {(result) => <Onward to={result.hits.length > 0 ? '/live' : '/start'} />}
      </Answer>
    </div>
  )
}

function Onward({ to }: { to: string }) {
  useEffect(() => go(to, { replace: true }), [to])
  return null
}
