import { useQuery } from '../app/router'

export interface Span {
  /** As the API takes it: a duration before now, a time, or empty for all time. */
  from: string
  to: string
  set: (from: string, to: string) => void
}

/** The span of time of a view, as its address has it. */
export function useSpan(usual: string): Span {
  const [params, set] = useQuery()
  const from = params.get('from') ?? usual
  return { from: from === 'all' ? '' : from, to: params.get('to') ?? '', set: (a, b) => set({ from: a === usual ? '' : a || 'all', to: b }) }
}
