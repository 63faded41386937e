import { expect, test } from 'vitest'
import { parseMetrics, rate, total, value } from './metrics'

const text = `# HELP calls Calls.
# TYPE calls counter
calls{listener="a",class="2xx"} 10
calls{listener="b \\"x\\"",class="2xx"} 2.5e3
up 1
nonsense
`

test('samples with their labels', () => {
  const samples = parseMetrics(text)
  expect(samples).toHaveLength(3)
  expect(total(samples, 'calls')).toBe(2510)
  expect(total(samples, 'calls', { listener: 'b "x"' })).toBe(2500)
  expect(value(samples, 'up')).toBe(1)
  expect(value(samples, 'down')).toBeUndefined()
})

test('rates', () => {
  const before = parseMetrics('c 100')
  expect(rate(parseMetrics('c 110'), before, 5, 'c')).toBe(2)
  expect(rate(parseMetrics('c 10'), before, 5, 'c')).toBe(2)
  expect(rate(parseMetrics('c 10'), undefined, 0, 'c')).toBeUndefined()
})
