import { expect, it } from 'vitest'
import { phases } from './phases'

const arrived = '2026-11-26T14:16:13.347282037Z'

it('divides the time of a call', () => {
  const { list, total } = phases({ arrived, completed: '2026-11-26T14:16:13.348311685Z', upstream: { sent: 171733, first: 955773 } })
  expect(total).toBe(1029648)
  expect(list.map((p) => [p.name, p.from, p.to])).toEqual([['Received', 0, 171733], ['API', 171733, 955773], ['Answered', 955773, 1029648]])
})

it('knows calls that did not reach the API, and those that it left alone', () => {
  expect(phases({ arrived, completed: '2026-11-26T14:16:13.347282137Z' }).list.map((p) => p.name)).toEqual(['Here'])
  expect(phases({ arrived, completed: '2026-11-26T14:16:14.347282037Z', upstream: { sent: 100, first: 0 } }).list.map((p) => p.name)).toEqual(['Received', 'API'])
  expect(phases({ arrived })).toEqual({ list: [], total: 0 })
})
