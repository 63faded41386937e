import { expect, it } from 'vitest'
import type { Entry } from '../api/model'
import { advice, yaml } from './identify'

const call = (principal: object, rest: object = {}) => ({ number: 1, header: { kind: 'access', principal, ...rest } }) as Entry

it('gives the lines that add an issuer', () => {
  const a = advice(call({ level: 1, kind: 'unknown', reason: 'wrong-issuer', issuer: 'https://id.example.com/realms/x' }, { credential: { method: 'jwt' } }))
  expect(a?.lines).toBe('identity:\n  oidc:\n    - name: id.example.com\n      issuer: https://id.example.com/realms/x\n      audiences: [the-audience-of-the-token]\n'.replace('id.example.com\n      issuer', 'id-example-com\n      issuer'))
})

it('keeps what a token claims from becoming other lines', () => {
  const a = advice(call({ level: 1, reason: 'wrong-issuer', issuer: 'x\n  evil: true' }))
  expect(a?.lines).toContain('issuer: "x\\n  evil: true"')
  expect(yaml('a: b')).toBe('"a: b"')
  expect(yaml('- a')).toBe('"- a"')
  expect(yaml('https://id.example')).toBe('https://id.example')
})

it('has nothing to say of callers that are known, nor of other events', () => {
  expect(advice(call({ level: 3, reason: 'signature-verified' }))).toBeUndefined()
  expect(advice({ number: 1, header: { kind: 'system' } } as Entry)).toBeUndefined()
})

it('says what is for the caller to do', () => {
  expect(advice(call({ level: 1, reason: 'token-expired' }))).toMatchObject({ why: 'The token is authentic, but has expired.', what: expect.stringContaining('caller') })
  expect(advice(call({ level: 0, reason: 'no-credential' }))?.lines).toContain('gatebook keys add')
})

it('says of calls that others recorded what is so there', () => {
  const none = { level: 0, reason: 'no-credential' }
  expect(advice(call(none, { capture: { method: 'middleware' } }))?.lines).toContain('oidc:')
  expect(advice(call({ level: 0, reason: 'not-logged' }, { capture: { method: 'import' } }))?.lines).toContain('gatebook serve')
  expect(advice(call(none, { capture: { method: 'gateway' } }))?.lines).toContain('gatebook keys add')
})
