import { expect, it } from 'vitest'
import { isAbout, subjectsOf } from './subject'
import type { Entity } from './entity'

const entity = (sort: Entity['sort'], principals: string[] = []): Entity => ({ sort, title: '', principals, names: new Set(), verified: 0, claimed: 0 })

it('means the caller, the app or the credential that is shown', () => {
  expect(subjectsOf(entity('Person', ['p_1', 'p_2']), 'alice')).toEqual(['principal:p_1', 'principal:p_2'])
  expect(subjectsOf(entity('App', ['p_1']), 'shop-web')).toEqual(['app:shop-web'])
  expect(subjectsOf(entity('Credential'), 'fp:1')).toEqual(['credential:fp:1'])
  expect(subjectsOf(entity('Credential'), 'YE3H')).toEqual(['key:YE3H'])
  expect(subjectsOf(entity('Unknown'), 'x')).toEqual([])
})

it('finds measures that are narrowed, and not those about others', () => {
  const subjects = subjectsOf(entity('Person', ['p_1']), 'alice')
  expect(isAbout('principal:p_1', subjects)).toBe(true)
  expect(isAbout('principal:p_1 and route:shop', subjects)).toBe(true)
  expect(isAbout('principal:p_12', subjects)).toBe(false)
})
