// Whose calls a measure means, as the API writes it, and the query for them.

import { term } from '../../ui/complete'
import type { Entity } from './entity'

export interface Subject {
  /** As the API reads it: principal:p_0b6c… */
  text: string
  /** The query that finds the calls. */
  query: string
}

/** What can be acted on: the principals under a name, or the app or credential itself. */
export function subjectsOf(entity: Entity, asked: string): Subject[] {
  switch (entity.sort) {
    case 'App':
      return [{ text: `app:${asked}`, query: term('credential.client', asked) }]
    case 'Credential':
      return asked.startsWith('fp:') ? [{ text: `credential:${asked}`, query: term('credential.fingerprint', asked) }] : [{ text: `key:${asked}`, query: term('credential.key_id', asked) }]
    case 'Unknown':
      return []
    default:
      return entity.principals.map((id) => ({ text: `principal:${id}`, query: term('principal.id', id) }))
  }
}

/** Whether a measure means some of these: its subject can be narrowed further. */
export function isAbout(measure: string, subjects: readonly Subject[]): boolean {
  const parts = measure.split(' and ')
  return subjects.some((subject) => parts.includes(subject.text))
}
