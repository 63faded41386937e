// Spans of time, as the API and the inputs of the browser take them.

export interface Range {
  from: string
  title: string
}

export const ranges: readonly Range[] = [
  { from: '15m', title: 'Last 15 minutes' },
  { from: '1h', title: 'Last hour' },
  { from: '6h', title: 'Last 6 hours' },
  { from: '24h', title: 'Last 24 hours' },
  { from: '7d', title: 'Last 7 days' },
  { from: '30d', title: 'Last 30 days' },
  { from: 'all', title: 'All time' },
]

/** A time as an input of type datetime-local has it, in the zone of the viewer or UTC. */
export function toInput(time: string, utc: boolean): string {
  const d = new Date(time)
  if (Number.isNaN(d.getTime())) return ''
  const shifted = utc ? d : new Date(d.getTime() - d.getTimezoneOffset() * 60_000)
  return shifted.toISOString().slice(0, 19)
}

/** The inverse of toInput: RFC 3339 in UTC; empty if it is no time. */
export function fromInput(value: string, utc: boolean): string {
  if (value === '') return ''
  const d = new Date(utc ? `${value}Z` : value)
  return Number.isNaN(d.getTime()) ? '' : d.toISOString()
}

/** Milliseconds of a duration as the API reads it: 90s, 15m, 12h, 7d, 2w. */
export function parseDuration(text: string): number | undefined {
  const found = /^(\d+)(s|m|h|d|w)$/.exec(text)
  if (!found) return undefined
  const unit = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }[found[2] as 's'] ?? 0
  return Number(found[1]) * unit * 1000
}
