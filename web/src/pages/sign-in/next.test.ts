import { expect, it } from 'vitest'
import { linkOf, nextOf } from './next'

const origin = 'http://gatebook.example:8401'

it('goes on to addresses of this console only', () => {
  const f = (next: string, want: string) => expect(nextOf(`next=${encodeURIComponent(next)}`, origin), next).toBe(want)
  f('/search?q=a%3A%3Db', '/search?q=a%3A%3Db')
  f('/call/7#proof', '/call/7#proof')
  f('https://evil.example/', '/')
  f('//evil.example/', '/')
  f('/\\evil.example/', '/')
  f('\\\\evil.example', '/')
  f('/\t/evil.example', '/')
  f('javascript:alert(1)', '/')
  f('/sign-in?next=/sign-in', '/')
  f('/api/v1/export', '/')
  f('', '/')
  expect(nextOf('', origin)).toBe('/')
})

it('finds the secret of a link', () => {
  expect(linkOf('#link=abc-_1')).toBe('abc-_1')
  expect(linkOf('#')).toBe('')
})
