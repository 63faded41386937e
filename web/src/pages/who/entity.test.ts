import { expect, it } from 'vitest'
import type { ReadingIdent, ReadingPerson } from '../../api/types'
import { entityOf } from './entity'

const alice: ReadingIdent = { id: 'p_1', kind: 'user', subject: 'u-1', name: 'Alice Moreau', email: 'alice@shop.example', fingerprint: 'fp:1', client: 'shop-web', count: 5 }
const billing: ReadingIdent = { id: 'p_2', kind: 'service', subject: 'nightly-billing', fingerprint: 'fp:2', client: 'nightly-billing', count: 2 }
const stranger: ReadingIdent = { kind: 'unknown', client: 'shop-web', fingerprint: 'fp:3', count: 1 }

function answer(asked: string, identities: ReadingIdent[], levels: [string, number][] = []): ReadingPerson {
  const meta = { complete: true, index: 'up', indexed: 1, sealed: 1, source: 'index', took: 1 }
  return { asked, identities, calls: 1, counts: [{ field: 'principal.level', values: levels.map(([value, count]) => ({ value, count })) }], problems: [], query: '', meta }
}

it.each([
  ['alice@shop.example', [alice], 'Person', 'Alice Moreau'],
  ['p_1', [alice], 'Person', 'Alice Moreau'],
  ['nightly-billing', [billing], 'Service', 'nightly-billing'],
  ['shop-web', [alice, stranger], 'App', 'shop-web'],
  ['fp:1', [alice], 'Credential', 'fp:1'],
  ['YE3HMQ6GWPAY', [alice], 'Credential', 'YE3HMQ6GWPAY'],
  ['nobody', [], 'Unknown', 'nobody'],
] as const)('takes %s for what it is', (asked, identities, sort, title) => {
  expect(entityOf(answer(asked, [...identities]))).toMatchObject({ sort, title })
})

it('tells calls that were verified from those that only showed the name', () => {
  expect(entityOf(answer('shop-web', [alice, stranger], [['3', 5], ['1', 1]]))).toMatchObject({ verified: 5, claimed: 1 })
})

it('does not take the findings about a person for those about their app', () => {
  expect([...entityOf(answer('shop-web', [alice])).names]).toEqual(['shop-web'])
  expect([...entityOf(answer('u-1', [alice])).names].sort()).toEqual(['alice@shop.example', 'p_1', 'u-1'])
})
