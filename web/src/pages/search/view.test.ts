import { describe, expect, it } from 'vitest'
import { fromInput, parseDuration, parseView, toInput } from './view'

describe('parseView', () => {
  it('has the last day for its default', () => expect(parseView(new URLSearchParams())).toEqual({ query: '', from: '24h', to: '', order: 'newest', columns: [] }))
  it('reads what an address has', () =>
    expect(parseView(new URLSearchParams('q=a:=b&from=all&to=2026-11-26&order=oldest&columns=id,edge'))).toEqual({ query: 'a:=b', from: '', to: '2026-11-26', order: 'oldest', columns: ['id', 'edge'] }))
})

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
