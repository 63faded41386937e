import { expect, it } from 'vitest'
import { meanings } from './meaning'

const pages = [
  { title: 'Live', path: '/live' },
  { title: 'Alerts', path: '/alerts' },
]

const leads = (text: string) => meanings(text, pages).map((each) => `${each.what} ${each.to}`)

it('leads to pages by a part of their title', () => {
  expect(leads('')).toEqual(['Page /live', 'Page /alerts'])
  expect(leads('ALE')).toEqual(['Page /alerts', 'Who /who/ALE', 'Search /search?q=ALE'])
})

it('knows records, incidents, objects and callers by how they are written', () => {
  expect(leads('1,204')[0]).toBe('Record /call/1204')
  expect(leads('01a218f5-7c66-732f-86e2-59840e64c60b')[0]).toBe('Record /call/01a218f5-7c66-732f-86e2-59840e64c60b')
  expect(leads('inc_eff1ba1e8a6c')[0]).toBe('Incident /alerts/inc_eff1ba1e8a6c')
  expect(leads('customer/cus_000001')[0]).toBe('Object /object/customer/cus_000001')
  expect(leads('alice@shop.example')[0]).toBe('Who /who/alice%40shop.example')
})

it('searches for what is a query, and takes it for nothing else', () => {
  expect(leads('outcome.status:=500 kind:=access')).toEqual([expect.stringMatching(/^Search \/search\?q=outcome/)])
})
