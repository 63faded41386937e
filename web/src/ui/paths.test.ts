import { expect, it } from 'vitest'
import { match } from '../app/router'
import { objectPath, searchPath, values, whoPath } from './paths'

it('keeps whatever a name has in it', () => {
  for (const name of ['alice@shop.example', 'p_00', 'fp:66', 'a/b?c#d%e', '<script>']) {
    expect(match('/who/:name', whoPath(name))).toEqual({ name })
  }
})

it('takes an object apart at its first slash', () => {
  expect(match('/object/:type/:id', objectPath('customer/cus_1'))).toEqual({ type: 'customer', id: 'cus_1' })
  expect(match('/object/:type/:id', objectPath('file/a/b c.txt'))).toEqual({ type: 'file', id: 'a/b c.txt' })
})

it('searches all time where there is no bound', () => {
  expect(searchPath('a:=b')).toBe('/search?q=a%3A%3Db&from=all')
  expect(searchPath('a:=b', '7d')).toBe('/search?q=a%3A%3Db&from=7d')
})

it('takes lists apart', () => expect(values('address email, name')).toEqual(['address', 'email', 'name']))
