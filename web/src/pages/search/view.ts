// What a search shows, as its address has it.

import { useCallback, useMemo } from 'react'
import { useQuery, withValues, type Values } from '../../app/router'

export interface View {
  query: string
  /** As the API takes them: a duration before now, a time, or empty for no bound. */
  from: string
  to: string
  order: 'newest' | 'oldest'
  /** Names of fields; empty: the usual columns. */
  columns: string[]
}

export const defaultFrom = '24h'

/** Reads an address. from=all is everything. */
export function parseView(params: URLSearchParams): View {
  const from = params.get('from') ?? defaultFrom
  return {
    query: params.get('q') ?? '',
    from: from === 'all' ? '' : from,
    to: params.get('to') ?? '',
    order: params.get('order') === 'oldest' ? 'oldest' : 'newest',
    columns: (params.get('columns') ?? '').split(',').filter(Boolean),
  }
}

/** What the address has, and how to change it. Ahead is called with what that shows, before the address changes and all is drawn anew. */
export function useView(ahead: (next: View) => void): [View, (values: Values) => void] {
  const [params, set] = useQuery()
  const change = useCallback(
    (values: Values) => {
      ahead(parseView(new URL(withValues({ path: '/', query: params.toString() }, values), location.href).searchParams))
      set(values)
    },
    [params, set, ahead],
  )
  return [useMemo(() => parseView(params), [params]), change]
}
