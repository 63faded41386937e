import { expect, it } from 'vitest'
import type { Histogram } from '../api/model'
import { tick } from './bars'
import { barsOf, boundsOf } from './histogram'

it('puts statuses together by outcome, and fills the gaps', () => {
  const bucket = (minute: number, group: string, count: number) => ({ start: `2026-11-26T10:0${minute}:00Z`, group, count })
  const bars = barsOf({ step: 60e9, buckets: [bucket(0, '200', 5), bucket(0, '204', 1), bucket(0, '404', 2), bucket(3, '503', 4), bucket(3, '', 1)] } as Histogram)
  expect(bars.times.length).toBe(4)
  expect(bars.rows).toEqual([[6, 0, 0, 0], [2, 0, 0, 0], [0, 0, 0, 4], [0, 0, 0, 1]])
})

it('knows the span that was asked for', () => {
  const now = Date.UTC(2026, 10, 26, 12)
  expect(boundsOf('1h', '', now)).toEqual({ from: now / 1000 - 3600, to: now / 1000 })
  expect(boundsOf('today', '', now)).toEqual({ to: now / 1000 })
})

it('labels ticks', () => {
  const at = Date.UTC(2026, 10, 26, 9, 5, 7) / 1000
  expect([tick(at, 1, true), tick(at, 60, true), tick(at, 86_400, true), tick(Date.UTC(2026, 10, 26) / 1000, 3600, true)]).toEqual(['09:05:07', '09:05', '11-26', '11-26'])
})
