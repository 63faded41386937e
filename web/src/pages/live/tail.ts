// The stream of the live page: what came, drawn row by row.

import { useEffect, useMemo, useSyncExternalStore } from 'react'
import type { BadRecord, Entry, TailItem } from '../../api/model'
import { follow } from '../../api/stream'
import { StreamBuffer } from './buffer'

export const classNames = ['answered', 'refused', 'failed'] as const

/** Calls a second that are asked for of each sort: more than anybody can read. */
const most = 20

/** Rows that wait to be drawn; of more, the list jumps to the newest. */
const patience = 120

/** Between two drawings, in ms: every second frame. */
const pace = 30

export type Connection = { state: 'connecting' } | { state: 'open' } | { state: 'again'; error: unknown } | { state: 'over'; error: unknown }

/** The rows as they are shown, newest first. */
export interface Rows {
  list: readonly Entry[]
  /** How many came up to the first of them: its place in the stream. */
  newest: number
}

/** What is said of the stream. */
export interface Figures {
  /** Calls that there were since it was paused. */
  waiting: number
  rate: number
  /** Of the calls that were answered well, 1 in so many is a row. */
  every: number
  /** The same of those that were not. */
  others: number
  history: number[][]
  problems: readonly BadRecord[]
  connection: Connection
}

/**
 * Follows the record. The server leaves out what is too much to be read, and
 * counts all. Rows that came together are drawn one after the other, a few a
 * frame, so that no frame has much to do; the figures change once a second.
 * What is kept is bounded, also while the window is hidden.
 */
export class Tail {
  private readonly buffer = new StreamBuffer<Entry>()
  private readonly queue: Entry[] = []
  private readonly listeners = new Set<() => void>()
  private frame = 0
  private drawn = 0
  private tick: ReturnType<typeof setInterval> | undefined
  private paused = false
  private pausedAt = 0
  private came = 0
  private sample = { every: 1, others: 1 }
  private problems: readonly BadRecord[] = []
  private connection: Connection = { state: 'connecting' }

  rows: Rows = { list: [], newest: 0 }
  figures: Figures = this.figured()

  /** Begins; the function that it returns ends it. */
  begin(query: string): () => void {
    const abort = new AbortController()
    let first = true
    const params = () => {
      const backlog = first ? 50 : 0
      first = false
      return { query, backlog, most, payload: 'false' }
    }
    void follow('/api/v1/tail', params, abort.signal, {
      opened: () => this.connected({ state: 'open' }),
      broken: (error, again) => this.connected(again > 0 ? { state: 'again', error } : { state: 'over', error }),
      message: ({ event, data }) => {
        if (event !== 'ping') this.take(JSON.parse(data) as TailItem)
      },
    })
    this.tick = setInterval(() => this.say(), 1000)
    return () => {
      abort.abort()
      clearInterval(this.tick)
      cancelAnimationFrame(this.frame)
      this.frame = 0
    }
  }

  readonly subscribe = (tell: () => void): (() => void) => {
    this.listeners.add(tell)
    return () => this.listeners.delete(tell)
  }

  /** While it is paused the rows stay. */
  pause(paused: boolean): void {
    if (paused === this.paused) return
    this.paused = paused
    this.pausedAt = this.buffer.total
    if (!paused) this.draw(this.queue.length)
    this.say()
  }

  private take(item: TailItem): void {
    if (item.problem) {
      this.problems = [item.problem, ...this.problems].slice(0, 20)
      this.say()
    }
    if (item.passed) {
      const { answered, refused, failed, every, others } = item.passed
      const changed = (every > 1) !== this.sample.every > 1 || (others > 1) !== this.sample.others > 1
      this.sample = { every, others }
      this.buffer.count([answered, refused, failed], Date.now())
      if (changed) this.say()
    }
    if (!item.event) return
    this.queue.push(item.event)
    if (this.paused || document.hidden) this.settle(this.queue.length)
    else this.frame ||= requestAnimationFrame(this.step)
  }

  private readonly step = (at: number): void => {
    this.frame = 0
    if (at - this.drawn < pace) {
      this.frame = requestAnimationFrame(this.step)
      return
    }
    this.drawn = at
    const waits = this.queue.length
    this.draw(waits > patience || this.rows.list.length === 0 ? waits : waits > 40 ? 4 : waits > 10 ? 2 : 1)
    if (this.queue.length > 0) this.frame = requestAnimationFrame(this.step)
  }

  /** Moves some of what waits into the list. */
  private settle(some: number): void {
    for (const entry of this.queue.splice(0, some)) {
      this.buffer.push(entry)
      this.came++
    }
  }

  private draw(some: number): void {
    this.settle(some)
    if (this.paused) return
    this.rows = { list: this.buffer.rows(), newest: this.came }
    this.tell()
  }

  private say(): void {
    if (!this.paused && this.rows.newest !== this.came) this.rows = { list: this.buffer.rows(), newest: this.came }
    this.figures = this.figured()
    this.tell()
  }

  private connected(connection: Connection): void {
    this.connection = connection
    this.say()
  }

  private figured(): Figures {
    const now = Date.now()
    const { every, others } = this.sample
    return { waiting: this.paused ? this.buffer.total - this.pausedAt : 0, rate: this.buffer.rate(now), every, others, history: this.buffer.history(now), problems: this.problems, connection: this.connection }
  }

  private tell(): void {
    this.listeners.forEach((tell) => tell())
  }
}

/** The stream of a query; another round begins it anew. */
export function useTail(query: string, round: number, paused: boolean): Tail {
  const tail = useMemo(() => new Tail(), [query, round])
  useEffect(() => tail.begin(query), [tail, query])
  useEffect(() => tail.pause(paused), [tail, paused])
  return tail
}

export const useRows = (tail: Tail): Rows => useSyncExternalStore(tail.subscribe, () => tail.rows)
export const useFigures = (tail: Tail): Figures => useSyncExternalStore(tail.subscribe, () => tail.figures)
