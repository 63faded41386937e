// Whose calls a measure means, as the API writes it.

import type { Entity } from './entity'

/** What can be acted on, like principal:p_0b6c…: the principals under a name, or the app or credential itself. */
export function subjectsOf(entity: Entity, asked: string): string[] {
  switch (entity.sort) {
    case 'App':
      return [`app:${asked}`]
    case 'Credential':
      return [asked.startsWith('fp:') ? `credential:${asked}` : `key:${asked}`]
    case 'Unknown':
      return []
    default:
      return entity.principals.map((id) => `principal:${id}`)
  }
}

/** Whether a measure means some of these: its subject can be narrowed further. */
export function isAbout(measure: string, subjects: readonly string[]): boolean {
  const parts = measure.split(' and ')
  return subjects.some((subject) => parts.includes(subject))
}
