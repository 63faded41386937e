import { expect, it } from 'vitest'
import { fromInput, parseDuration, toInput } from './span'

it('gives times to inputs and takes them back', () => {
  for (const utc of [true, false]) {
    const time = '2026-11-26T14:16:13.000Z'
    expect(fromInput(toInput(time, utc), utc)).toBe(time)
  }
  expect(toInput('15m', true)).toBe('')
  expect(fromInput('', true)).toBe('')
  expect(fromInput('nonsense', true)).toBe('')
})

it('reads durations', () => {
  expect(parseDuration('15m')).toBe(900_000)
  expect(parseDuration('2w')).toBe(1_209_600_000)
  expect(parseDuration('today')).toBeUndefined()
})
