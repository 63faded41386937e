// Calls by the day of the week and the hour of the day.

import type { ReadingBucket } from '../../api/types'
import { parseDuration } from '../../ui/span'

export const days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const

/** Seven rows of 24 counts, Monday first, in the zone of the viewer or UTC. */
export function hoursOf(buckets: readonly ReadingBucket[], utc: boolean): number[][] {
  const week = days.map(() => new Array<number>(24).fill(0))
  for (const bucket of buckets) {
    const at = new Date(bucket.start)
    const day = ((utc ? at.getUTCDay() : at.getDay()) + 6) % 7
    const hour = utc ? at.getUTCHours() : at.getHours()
    const row = week[day]
    if (row) row[hour] = (row[hour] ?? 0) + bucket.count
  }
  return week
}

const most = 60 * 86_400_000

/** The span, shortened to its last sixty days: a longer one has more hours than a histogram. */
export function habitSpan(from: string, to: string, now: number): { from: string; to: string; cut: boolean } {
  const end = to === '' ? now : new Date(to).getTime()
  const duration = parseDuration(from)
  const begin = from === '' ? -Infinity : duration === undefined ? new Date(from).getTime() : now - duration
  if (end - begin <= most) return { from, to, cut: false }
  return { from: to === '' ? '60d' : new Date(end - most).toISOString(), to, cut: true }
}
