import { describe, expect, it } from 'vitest'
import { parseOld, placeOf, searchOf } from './saved'

describe('saved searches', () => {
  it.each(['/search', '/search?q=a%3A%3Db&from=7d&order=oldest&columns=id%2Cedge', '/search?q=x&from=all', '/search?from=2026-11-01T00%3A00%3A00.000Z&to=2026-11-02T00%3A00%3A00.000Z'])('show the address that they were saved at: %s', (place) => {
    expect(placeOf(searchOf(place.split('?')[1] ?? '', 'n', false))).toBe(place)
  })
  it('are taken over from the browser, as far as they are searches', () => {
    expect(parseOld('[{"name":"a","query":"q=1"},{"name":1,"query":"q"},null]')).toEqual([{ name: 'a', query: 'q=1' }])
    expect(parseOld('{')).toEqual([])
    expect(parseOld(null)).toEqual([])
  })
})
