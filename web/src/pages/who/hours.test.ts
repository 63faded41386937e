import { expect, it } from 'vitest'
import { habitSpan, hoursOf } from './hours'

it('puts hours where they belong, Monday first', () => {
  const week = hoursOf(
    [
      { start: '2026-11-23T09:00:00Z', count: 2 }, // a Monday
      { start: '2026-11-16T09:00:00Z', count: 3 }, // the Monday before
      { start: '2026-11-29T23:00:00Z', count: 1 }, // a Sunday
    ],
    true,
  )
  expect(week[0]?.[9]).toBe(5)
  expect(week[6]?.[23]).toBe(1)
  expect(week.flat().reduce((a, b) => a + b)).toBe(6)
})

it('shortens what is longer than sixty days', () => {
  const now = Date.parse('2026-11-26T12:00:00Z')
  expect(habitSpan('30d', '', now)).toEqual({ from: '30d', to: '', cut: false })
  expect(habitSpan('', '', now)).toEqual({ from: '60d', to: '', cut: true })
  expect(habitSpan('2026-01-01', '2026-06-01T00:00:00Z', now)).toEqual({ from: '2026-04-02T00:00:00.000Z', to: '2026-06-01T00:00:00Z', cut: true })
})
