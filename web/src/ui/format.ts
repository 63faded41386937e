// Numbers as people read them.

const whole = new Intl.NumberFormat('en')

/** 12,345 */
export function count(n: number): string {
  return whole.format(n)
}

/** 1 call, 2 calls */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`
}

/** 3.2 % */
export function share(part: number, whole: number): string {
  const percent = whole > 0 ? (part / whole) * 100 : 0
  return percent > 0 && percent < 0.1 ? 'below 0.1 %' : `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`
}

/** Nanoseconds as 1.03 ms. */
export function duration(ns: number): string {
  if (ns < 0) return `-${duration(-ns)}`
  if (ns < 1_000) return `${ns} ns`
  if (ns < 1_000_000) return `${round(ns / 1_000)} µs`
  if (ns < 1_000_000_000) return `${round(ns / 1_000_000)} ms`
  if (ns < 120_000_000_000) return `${round(ns / 1_000_000_000)} s`
  const minutes = Math.floor(ns / 60_000_000_000)
  const seconds = Math.round((ns % 60_000_000_000) / 1_000_000_000)
  if (minutes % 60 === 0 && seconds === 0) return minutes < 48 * 60 ? `${minutes / 60} h` : `${round(minutes / 60 / 24)} d`
  if (minutes < 120) return seconds > 0 ? `${minutes} min ${seconds} s` : `${minutes} min`
  if (minutes < 48 * 60) return `${round(minutes / 60)} h`
  return `${round(minutes / 60 / 24)} d`
}

function round(x: number): string {
  return x >= 100 ? String(Math.round(x)) : x >= 10 ? x.toFixed(1) : x.toFixed(2)
}

/** 1.4 KiB */
export function bytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let i = 0
  while (n >= 1024 && i < units.length - 1) {
    n /= 1024
    i++
  }
  return i === 0 ? `${n} B` : `${round(n)} ${units[i]}`
}

/** Nanoseconds from one time of the record to another; exact, where a Date would round. */
export function between(from: string, to: string): number {
  const a = fraction(from)
  const b = fraction(to)
  return (b.ms - a.ms) * 1_000_000 + (b.ns - a.ns)
}

/** How long a call took in nanoseconds, complete or not; undefined if that is not known. */
export function took(header: { arrived?: string; completed?: string; ended?: string }): number | undefined {
  const over = header.completed ?? header.ended
  return header.arrived && over ? between(header.arrived, over) : undefined
}

function fraction(time: string): { ms: number; ns: number } {
  const found = /^(.*T\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(.*)$/.exec(time)
  if (!found) return { ms: new Date(time).getTime(), ns: 0 }
  return { ms: new Date(`${found[1]}${found[3]}`).getTime(), ns: Number((found[2] ?? '').padEnd(9, '0')) }
}

/** The first characters of an identifier that is long. */
export function clip(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text
}
