import { expect, it } from 'vitest'
import { callsOf } from './operations'
import { keysOf } from './ask'

it('has what is most frequent first', () => {
  expect(keysOf({ b: { count: 1 }, a: { count: 1 }, c: { count: 5 } })).toEqual(['c', 'a', 'b'])
  expect(keysOf(undefined)).toEqual([])
})

it('finds the calls of an operation', () => {
  expect(callsOf({ api: 'shop', method: 'GET', route: '/v1/orders/{id}', name: 'getOrder' })).toBe('capture.route:=shop operation.method:=GET operation.route:="/v1/orders/{id}"')
  expect(callsOf({ api: 'rpc', name: 'shop.Orders/Get' })).toBe('capture.route:=rpc operation.name:="shop.Orders/Get"')
})
