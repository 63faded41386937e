import { describe, expect, it } from 'vitest'
import { Joined, unpack } from './listed'

const bytes = (text: string) => new TextEncoder().encode(text)

describe('unpack', () => {
  const items = [{ a: 1 }, { text: 'quote " brace } bracket ] and back\\slash\\' }, { in: [{ hits: [{ b: 2 }] }, '"hits":['] }, {}, { ü: '„ß“ 😀' }]
  it.each([
    { hits: items, next: 'x', meta: { took: 1, hits: [{ no: 1 }] } },
    { meta: { hits: [{ no: 1 }], text: ',"hits":[{' }, problems: [{ p: 1 }, { p: 2 }], hits: items },
    { hits: [], other: [{ a: 1 }] },
    { hits: items.slice(0, 1) },
  ])('takes a list out of an answer, wherever it is: %#', (answer) => {
    const { list, rest } = unpack(bytes(JSON.stringify(answer)), 'hits')
    expect(Array.from({ length: list.length }, (_, i) => list.at(i))).toEqual(answer.hits)
    expect(rest).toEqual({ ...answer, hits: [] })
    expect(list.at(list.length)).toBeUndefined()
  })
  it.each(['', '{', '{"hits":[{}', '{"hits":[{"a":"}]}', '<html>'])('refuses what is no JSON: %s', (text) => expect(() => unpack(bytes(text), 'hits')).toThrow())
  it('leaves what has no such list as it is', () => {
    const { list, rest } = unpack(bytes('{"hits":null,"a":[{"b":1}]}'), 'hits')
    expect(list.length).toBe(0)
    expect(rest).toEqual({ hits: null, a: [{ b: 1 }] })
  })
})

describe('Joined', () => {
  const list = (from: number, to: number) => unpack<{ n: number }>(bytes(JSON.stringify({ hits: Array.from({ length: to - from }, (_, i) => ({ n: from + i })) })), 'hits').list
  const parts = [list(0, 3), list(3, 3), list(3, 1200), list(1200, 1201)]
  it('has the items of all lists, in their order', () => {
    const all = new Joined(parts)
    expect(all.length).toBe(1201)
    for (let i = 0; i < all.length; i++) expect(all.at(i)).toEqual({ n: i })
    expect(all.at(1201)).toBeUndefined()
    expect(new Joined<number>([]).at(0)).toBeUndefined()
  })
  it('has the same objects when it has grown, and others when it is another list', () => {
    const short = new Joined(parts.slice(0, 3))
    const row = short.at(7)
    expect(short.at(7)).toBe(row)
    expect(new Joined(parts, short).at(7)).toBe(row)
    expect(new Joined([list(0, 3), ...parts.slice(1)], short).at(7)).not.toBe(row)
  })
})
