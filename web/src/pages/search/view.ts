// What a search shows, as its address has it.

import { useMemo } from 'react'
import { useQuery, type Values } from '../../app/router'

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

export function useView(): [View, (values: Values) => void] {
  const [params, set] = useQuery()
  return [useMemo(() => parseView(params), [params]), set]
}
