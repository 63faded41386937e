// What the live view keeps of the stream: the newest rows, and counts of all.

/** Counts of one second by class. */
export interface Second {
  at: number // seconds since 1970
  counts: number[]
}

export interface Settings {
  /** Rows that are kept. */
  capacity: number
  /** Classes that are counted apart. */
  classes: number
  /** Seconds of counts that are kept. */
  window: number
}

export const defaults: Settings = { capacity: 1_000, classes: 3, window: 60 }

/**
 * A ring of the newest rows, and how many calls there were in each of the last
 * seconds, also of those that the server left out of the rows. It holds the
 * same memory however long it runs.
 */
export class StreamBuffer<T> {
  private readonly ring: (T | undefined)[]
  private next = 0
  private readonly seconds: Second[] = []

  /** Calls that there were, shown or not. */
  total = 0
  /** Rows that are kept. */
  size = 0

  private readonly settings: Settings
  constructor(settings: Partial<Settings> = {}) {
    this.settings = { ...defaults, ...settings }
    this.ring = new Array<T | undefined>(this.settings.capacity)
  }

  /** Adds a row. It is not counted: count does that for all. */
  push(value: T): void {
    this.ring[this.next] = value
    this.next = (this.next + 1) % this.settings.capacity
    this.size = Math.min(this.size + 1, this.settings.capacity)
  }

  /** Adds the calls that there were since the last time, by class. */
  count(counts: readonly number[], now: number): void {
    const at = Math.floor(now / 1000)
    let last = this.seconds.at(-1)
    if (!last || at > last.at) {
      last = { at, counts: new Array<number>(this.settings.classes).fill(0) }
      this.seconds.push(last)
      while (this.seconds.length > 0 && this.seconds[0]!.at <= at - this.settings.window) this.seconds.shift()
    }
    for (const [kind, n] of counts.entries()) {
      last.counts[kind] = (last.counts[kind] ?? 0) + n
      this.total += n
    }
  }

  /** The rows, newest first. */
  rows(): T[] {
    const out = new Array<T>(this.size)
    for (let i = 0; i < this.size; i++) out[i] = this.ring[(this.next - 1 - i + this.settings.capacity) % this.settings.capacity] as T
    return out
  }

  /** Calls a second, over the whole seconds of the last five. */
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
}
