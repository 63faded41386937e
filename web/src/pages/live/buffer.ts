// What the live view keeps of the stream: the newest rows, and counts of all.

/** One row: a value and what it is counted as. */
export interface Row<T> {
  value: T
  /** Calls that went well may be left out when there are too many to read. */
  plain: boolean
  class: number
}

/** Counts of one second by class. */
export interface Second {
  at: number // seconds since 1970
  counts: number[]
}

export interface Settings {
  /** Rows that are kept. */
  capacity: number
  /** Plain rows a second that are shown; of more, one in some is. */
  readable: number
  /** Classes that are counted apart. */
  classes: number
  /** Seconds of counts that are kept. */
  window: number
}

export const defaults: Settings = { capacity: 5_000, readable: 100, classes: 3, window: 60 }

/**
 * A ring of the newest rows. All that comes is counted; what is not plain is
 * always kept; of plain rows one in `every` is, where `every` follows the rate
 * of the second before.
 */
export class StreamBuffer<T> {
  private readonly ring: (T | undefined)[]
  private next = 0
  private readonly seconds: Second[] = []
  private plainInSecond = 0
  private skipped = 0

  /** Rows that came, shown or not. */
  total = 0
  /** Rows that are kept. */
  size = 0
  /** One in this many plain rows is kept; 1: all. */
  every = 1

  private readonly settings: Settings
  constructor(settings: Partial<Settings> = {}) {
    this.settings = { ...defaults, ...settings }
    this.ring = new Array<T | undefined>(this.settings.capacity)
  }

  push(row: Row<T>, now: number): void {
    this.total++
    this.count(row.class, now)
    if (row.plain) {
      this.plainInSecond++
      if (++this.skipped < this.every) return
      this.skipped = 0
    }
    this.ring[this.next] = row.value
    this.next = (this.next + 1) % this.settings.capacity
    this.size = Math.min(this.size + 1, this.settings.capacity)
  }

  private count(kind: number, now: number): void {
    const at = Math.floor(now / 1000)
    let last = this.seconds.at(-1)
    if (!last || at > last.at) {
      // The rate of the second that ended decides what the next one keeps.
      this.every = Math.max(1, Math.ceil(this.plainInSecond / this.settings.readable))
      this.plainInSecond = 0
      last = { at, counts: new Array<number>(this.settings.classes).fill(0) }
      this.seconds.push(last)
      while (this.seconds.length > 0 && this.seconds[0]!.at <= at - this.settings.window) this.seconds.shift()
    }
    last.counts[kind] = (last.counts[kind] ?? 0) + 1
  }

  /** The rows, newest first. */
  rows(): T[] {
    const out = new Array<T>(this.size)
    for (let i = 0; i < this.size; i++) out[i] = this.ring[(this.next - 1 - i + this.settings.capacity) % this.settings.capacity] as T
    return out
  }

  /** Rows a second, over the whole seconds of the last five. */
  rate(now: number): number {
    const at = Math.floor(now / 1000)
    let sum = 0
    for (const second of this.seconds) if (second.at < at && second.at >= at - 5) sum += second.counts.reduce((a, b) => a + b, 0)
    return sum / 5
  }

  /** Counts of each of the last seconds, oldest first; empty ones too. */
  history(now: number): number[][] {
    const at = Math.floor(now / 1000)
    const found = new Map(this.seconds.map((second) => [second.at, second.counts]))
    return Array.from({ length: this.settings.window }, (_, i) => found.get(at - this.settings.window + i) ?? new Array<number>(this.settings.classes).fill(0))
  }

  clear(): void {
    this.ring.fill(undefined)
    this.next = this.size = this.total = 0
  }
}
