import { describe, expect, it } from 'vitest'
import { and, cutPipes, quote, spotAt, term } from './complete'

describe('spotAt', () => {
  // The caret is at |.
  const f = (marked: string, want: Partial<ReturnType<typeof spotAt>>) =>
    it(marked, () => {
      const caret = marked.indexOf('^')
      expect(spotAt(marked.replace('^', ''), caret)).toMatchObject(want)
    })
  f('^', { kind: 'field', prefix: '', from: 0 })
  f('outc^', { kind: 'field', prefix: 'outc', from: 0, to: 4 })
  f('outc^ome.status:500', { kind: 'field', prefix: 'outc', from: 0, to: 15 })
  f('a:=b prin^', { kind: 'field', prefix: 'prin', from: 5 })
  f('not (prin^', { kind: 'field', prefix: 'prin', from: 5 })
  f('-prin^', { kind: 'field', prefix: 'prin', from: 1 })
  f('operation.method:^', { kind: 'value', field: 'operation.method', prefix: '', from: 17 })
  f('operation.method:=PO^', { kind: 'value', field: 'operation.method', prefix: 'PO', from: 18, to: 20 })
  f('outcome.status:>=4^', { kind: 'value', field: 'outcome.status', prefix: '4', from: 17 })
  f('who.email:="ali^"', { kind: 'value', field: 'who.email', prefix: 'ali', from: 11, to: 16 })
  f('who.email:="a b^', { kind: 'value', field: 'who.email', prefix: 'a b', from: 11 })
  f('who.email:="a:b" ki^', { kind: 'field', prefix: 'ki' })
  f('"some words^', { kind: 'none' })
  f('* | stats by^', { kind: 'none' })
})

describe('term', () => {
  const f = (field: string, value: string, want: string) => it(want, () => expect(term(field, value)).toBe(want))
  f('operation.method', 'GET', 'operation.method:=GET')
  f('outcome.status', '500', 'outcome.status:=500')
  f('operation.route', '/v1/{id}', 'operation.route:="/v1/{id}"')
  f('who.name', 'say "hi" \\', 'who.name:="say \\"hi\\" \\\\"')
  f('who.name', '', 'who.name:""')
  it('escapes what is not seen', () => expect(quote('a\nb')).toBe('"a\\x0ab"'))
})

describe('and', () => {
  const f = (query: string, added: string, want: string, not = false) => it(`${query} + ${added}`, () => expect(and(query, added, not)).toBe(want))
  f('', 'a:=1', 'a:=1')
  f('*', 'a:=1', 'a:=1')
  f('b:=2', 'a:=1', 'b:=2 a:=1')
  f('b:=2 or c:=3', 'a:=1', '(b:=2 or c:=3) a:=1')
  f('(b:=2 or c:=3)', 'a:=1', '(b:=2 or c:=3) a:=1')
  f('(a or b) or (c)', 'a:=1', '((a or b) or (c)) a:=1')
  f('b:=2', 'a:=1', 'b:=2 not a:=1', true)
  f('b:=2 | stats count()', 'a:=1', 'b:=2 a:=1 | stats count()')
})

it('cuts pipes outside of quotation marks and brackets only', () => {
  expect(cutPipes('a:"x | y" b:in(c | d) | stats count()')).toEqual(['a:"x | y" b:in(c | d)', '| stats count()'])
  expect(cutPipes('a:"x | y"')).toEqual(['a:"x | y"', ''])
})
