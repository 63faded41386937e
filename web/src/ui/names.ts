import { useQuery } from '@tanstack/react-query'
import { json } from '../api/client'
import type { ReadingStats } from '../api/types'

/** The names that calls of the last 30 days showed for principals, by their pseudonyms: of verified calls only. One question for all of them. */
export function useNames(principals: readonly string[]): ReadonlyMap<string, string> {
  const ids = [...new Set(principals)].sort()
  const answer = useQuery({
    queryKey: ['names', ids],
    enabled: ids.length > 0,
    queryFn: ({ signal }) =>
      json<ReadingStats>('/api/v1/stats', {
        params: { query: `principal.id:in(${ids.map((id) => JSON.stringify(id)).join(',')}) principal.level:>=2`, by: ['principal.id', 'who.email', 'who.name'], from: '30d', limit: 1000 },
        signal,
      }),
    staleTime: 300_000,
    retry: false,
    placeholderData: (before) => before,
  })
  const names = new Map<string, string>()
  for (const { values } of answer.data?.rows ?? []) {
    const [id = '', email, name] = values
    if (!names.has(id) && (email || name)) names.set(id, email || name || '')
  }
  return names
}
