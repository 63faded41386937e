import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { BadRecord, Entry, TailItem } from '../../api/model'
import { follow } from '../../api/stream'
import { ended } from '../../ui/record'
import { StreamBuffer } from './buffer'

export const classNames = ['answered', 'refused', 'failed'] as const

/** The class by which a call is counted. */
export function classOf(record: Entry): number {
  if (record.header.kind === 'gap') return 2
  const { tone } = ended(record.header)
  return tone === 'bad' ? 2 : tone === 'warn' ? 1 : 0
}

export type Connection = { state: 'connecting' } | { state: 'open' } | { state: 'again'; error: unknown } | { state: 'over'; error: unknown }

export interface Tail {
  rows: Entry[]
  /** Rows that came since it was paused. */
  waiting: number
  total: number
  rate: number
  every: number
  history: number[][]
  problems: BadRecord[]
  connection: Connection
}

/**
 * Follows the record. What comes is put into the buffer at once, and drawn once
 * a frame at most. While paused it is counted, and the rows stay.
 */
export function useTail(query: string, paused: boolean): Tail & { restart: () => void } {
  const [round, setRound] = useState(0)
  const [connection, setConnection] = useState<Connection>({ state: 'connecting' })
  const [problems, setProblems] = useState<BadRecord[]>([])
  const [, draw] = useState(0)
  const buffer = useMemo(() => new StreamBuffer<Entry>(), [query, round])
  const frame = useRef(0)
  const view = useRef<{ rows: Entry[]; total: number; of?: StreamBuffer<Entry> }>({ rows: [], total: 0 })
  const stopped = useRef(paused)
  stopped.current = paused

  useEffect(() => {
    const abort = new AbortController()
    setConnection({ state: 'connecting' })
    setProblems([])
    let drawn = 0
    const step = (at: number) => {
      frame.current = 0
      // More than can be read is drawn a few times a second only.
      if (buffer.every > 1 && at - drawn < 120) {
        frame.current = requestAnimationFrame(step)
        return
      }
      drawn = at
      draw((n) => n + 1)
    }
    const redraw = () => {
      frame.current ||= requestAnimationFrame(step)
    }
    let first = true
    const params = () => {
      const backlog = first ? 50 : 0
      first = false
      return { query, backlog, payload: 'false' }
    }
    void follow('/api/v1/tail', params, abort.signal, {
      opened: () => setConnection({ state: 'open' }),
      broken: (error, again) => setConnection(again > 0 ? { state: 'again', error } : { state: 'over', error }),
      message: ({ event, data }) => {
        if (event === 'ping') return
        const item = JSON.parse(data) as TailItem
        if (item.problem) setProblems((list) => [item.problem!, ...list].slice(0, 20))
        if (!item.event) return
        const kind = classOf(item.event)
        buffer.push({ value: item.event, plain: kind === 0, class: kind }, Date.now())
        redraw()
      },
    })
    // The rate falls also when nothing comes.
    const tick = setInterval(redraw, 1000)
    return () => {
      abort.abort()
      clearInterval(tick)
      cancelAnimationFrame(frame.current)
      frame.current = 0
    }
  }, [buffer, query])

  if (!paused || view.current.of !== buffer) view.current = { rows: buffer.rows(), total: buffer.total, of: buffer }
  const now = Date.now()
  const second = Math.floor(now / 1000)
  // It changes once a second; drawing it more often is for nothing.
  const history = useMemo(() => buffer.history(now), [buffer, second])
  return {
    rows: view.current.rows,
    waiting: buffer.total - view.current.total,
    total: buffer.total,
    rate: buffer.rate(now),
    every: buffer.every,
    history,
    problems,
    connection,
    restart: useCallback(() => setRound((n) => n + 1), []),
  }
}
