import { expect, it } from 'vitest'
import type { CatalogOperation } from '../../api/types'
import { classesOf } from './classes'

it('sums the classes of data over operations', () => {
  const seen = (count: number) => ({ count, first: '', last: `2026-11-2${count}T00:00:00Z` })
  const op = (data: [string, number][], open: number, received: string[] = []) =>
    ({ data: Object.fromEntries(data.map(([name, n]) => [name, { ...seen(n), values: 10 * n }])), open: seen(open), received: Object.fromEntries(received.map((name) => [name, { ...seen(1), values: 1 }])) }) as unknown as CatalogOperation
  expect(classesOf([op([['email', 2], ['iban', 1]], 0), op([['email', 3]], 1, ['secret'])])).toEqual([
    { name: 'email', returning: 2, receiving: 0, calls: 5, values: 50, open: 1, last: '2026-11-23T00:00:00Z' },
    { name: 'iban', returning: 1, receiving: 0, calls: 1, values: 10, open: 0, last: '2026-11-21T00:00:00Z' },
    { name: 'secret', returning: 0, receiving: 1, calls: 0, values: 0, open: 0, last: '2026-11-21T00:00:00Z' },
  ])
})
