import { expect, it } from 'vitest'
import type { Entry } from '../api/model'
import { fieldText } from './fields'
import { identity } from './record'

const record = (part: object): Entry => ({ number: 7, header: { kind: 'access' }, ...part }) as Entry

it('finds fields by their names', () => {
  const r = record({
    header: {
      kind: 'access', arrived: '2026-11-26T14:16:13.347282037Z', completed: '2026-11-26T14:16:13.348311685Z', principal: { level: 3 },
      operation: { method: 'GET', requires: 'scopes', scopes: ['a', 'b'], tokens: { in: 5 } }, credential: { scopes: ['b', 'c'] }, objects: ['customer'], data: [{ class: 'email', count: 2 }, { class: 'card', count: 1 }],
    },
    who: { email: 'alice@example.com', tls: { version: '1.3' } },
    what: { objects: [{ type: 'customer', id: '1' }, { type: 'order', id: '2' }], asked: 1 },
  })
  const f = (name: string, want: string) => expect(fieldText(r, name), name).toBe(want)
  f('number', '7')
  f('duration', '1029648')
  f('principal.level', '3')
  f('operation.tokens.in', '5')
  f('who.email', 'alice@example.com')
  f('who.tls.version', '1.3')
  f('who.subject', '')
  f('objects', 'customer')
  f('data', 'email, card')
  f('data.count', '3')
  f('what.objects', 'customer/1, order/2')
  f('what.asked', 'customer/1')
  f('scopes.missing', 'a')
  f('scopes.unneeded', 'c')
  f('payload.request.body', '')
  f('constructor', '')
  f('no.such.field', '')
})

it('never shows a claim as an identity', () => {
  const who = { claimed: 'ceo@example.com', subject: undefined }
  expect(identity(record({ header: { kind: 'access', principal: { kind: 'unknown', level: 1 } }, who }))).toEqual({ name: 'ceo@example.com', claim: true, nobody: false, level: 1 })
  expect(identity(record({ header: { kind: 'access', principal: { kind: 'user', level: 3 } }, who: { claimed: 'ceo@example.com', subject: 'alice' } }))).toEqual({ name: 'alice', claim: false, nobody: false, level: 3 })
  expect(identity(record({ header: { kind: 'access' } }))).toMatchObject({ claim: true, nobody: true, level: 0 })
  // A subject beside a level that proves nothing is no identity either.
  expect(identity(record({ header: { kind: 'access', principal: { level: 1 } }, who: { subject: 'ceo', email: 'ceo@example.com' } })).claim).toBe(true)
})
