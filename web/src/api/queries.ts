// What several pages ask, with the keys under which the answers are kept.

import { queryOptions } from '@tanstack/react-query'
import { json, send, ApiError } from './client'
import type { Field, Health } from './model'

/** How each part is. A failing server answers with 503 and the same body. */
export const healthQuery = queryOptions({
  queryKey: ['health'],
  queryFn: async ({ signal }): Promise<Health> => {
    const response = await fetch('/healthz', { signal, cache: 'no-store', credentials: 'same-origin' }).catch(() => undefined)
    if (!response || (response.status !== 200 && response.status !== 503)) {
      await send('/livez', { signal }) // throws why
      throw new Error('no health')
    }
    return (await response.json()) as Health
  },
  refetchInterval: (query) => (query.state.status === 'error' ? 3_000 : 10_000),
  refetchOnWindowFocus: true,
  retry: false,
})

/** The fields that events can be searched by. They change with the program only. */
export const fieldsQuery = queryOptions({
  queryKey: ['fields'],
  queryFn: ({ signal }) => json<Field[]>('/api/v1/fields', { signal }),
  staleTime: Infinity,
})

/** Whether asking again could help. */
export function worthRetry(count: number, error: unknown): boolean {
  if (!(error instanceof ApiError)) return false
  return count < 2 && (error.code === 'busy' || error.status === 429)
}
