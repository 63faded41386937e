import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { json, type Params } from '../../api/client'

/** Asks for a part of the inventory. */
export function useInventory<T>(part: string, params: Params = {}): UseQueryResult<T> {
  return useQuery<T>({
    queryKey: ['inventory', part, params],
    queryFn: ({ signal }) => json<T>(`/api/v1/inventory/${part}`, { params, signal }),
    staleTime: 30_000,
  })
}

export const most = 500

/** The keys of a map of what was seen, the most frequent first. */
export function keysOf(map: { [key: string]: { count: number } } | undefined): string[] {
  return Object.entries(map ?? {})
    .sort((a, b) => b[1].count - a[1].count || a[0].localeCompare(b[0]))
    .map(([key]) => key)
}
