// Who is signed in.

import { queryOptions, useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { json, onSignedOut, standingReason } from '../api/client'
import type { Me } from '../api/model'

declare global {
  interface Window {
    /** The answer that early.js asked for: who is signed in; undefined if there was none. It holds once. */
    gatebookSession?: Promise<Me | undefined> | undefined
  }
}

async function asked(signal: AbortSignal): Promise<Me> {
  const early = window.gatebookSession
  window.gatebookSession = undefined
  return (await early) ?? json<Me>('/api/v1/session', { signal })
}

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => asked(signal),
  staleTime: 60_000,
  retry: false,
})

/** Forgets all that was answered to one person before another comes, or nobody. */
export function changeSession(client: QueryClient, me: Me | undefined): void {
  client.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionQuery.queryKey[0] })
  standingReason.set('')
  if (me) client.setQueryData(sessionQuery.queryKey, me)
  else void client.resetQueries({ queryKey: sessionQuery.queryKey })
}

/** Who asks. Asked again when an answer says that nobody is signed in. */
export function useSession() {
  const client = useQueryClient()
  useEffect(
    () =>
      onSignedOut(() => {
        if (client.getQueryData(sessionQuery.queryKey)?.signed_in) void client.invalidateQueries({ queryKey: sessionQuery.queryKey })
      }),
    [client],
  )
  return useQuery(sessionQuery)
}

/** The role of who is signed in; empty before that is known. */
export function useRole(): string {
  return useQuery(sessionQuery).data?.role ?? ''
}

/** Whether the role allows an action. The server decides; this is only what is offered. */
export function useMay(): (action: string) => boolean {
  const actions = useQuery(sessionQuery).data?.actions
  return (action) => actions?.includes(action) ?? false
}

/** Whether this installation asks for a reason for an action. */
export function useNeedsReason(): (action: string) => boolean {
  const reasons = useQuery(sessionQuery).data?.reasons
  return (action) => reasons?.includes(action) ?? false
}
