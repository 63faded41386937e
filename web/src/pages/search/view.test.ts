import { describe, expect, it } from 'vitest'
import { parseView } from './view'

describe('parseView', () => {
  it('has the last day for its default', () => expect(parseView(new URLSearchParams())).toEqual({ query: '', from: '24h', to: '', order: 'newest', columns: [] }))
  it('reads what an address has', () =>
    expect(parseView(new URLSearchParams('q=a:=b&from=all&to=2026-11-26&order=oldest&columns=id,edge'))).toEqual({ query: 'a:=b', from: '', to: '2026-11-26', order: 'oldest', columns: ['id', 'edge'] }))
})
