// Which events are meant: by a person, an object or a query.

import type { Selection } from '../../api/model'

export type Kind = 'principals' | 'objects' | 'query'

/** Fields of a form that say which events are meant. */
export function SelectionFields({ prefix }: { prefix: string }) {
  return (
    <>
      <label className="field">
        <span className="label">Meant are events of</span>
        <select className="input" name="kind" defaultValue="principals" aria-label={`${prefix}: kind of selection`}>
          <option value="principals">a person or service, by pseudonym, subject or e-mail</option>
          <option value="objects">an object, as type/id</option>
          <option value="query">a query in LogsQL</option>
        </select>
      </label>
      <label className="field">
        <span className="label">Which</span>
        <input className="input" name="which" required maxLength={500} spellCheck={false} autoComplete="off" />
      </label>
    </>
  )
}

/** The selection that a form says. */
export function selectionOf(data: FormData): Selection {
  const which = String(data.get('which') ?? '').trim()
  switch (String(data.get('kind')) as Kind) {
    case 'objects':
      return { objects: [which] }
    case 'query':
      return { query: which }
    default:
      return { principals: [which] }
  }
}

/** A selection in words. */
export function selectionText(s: Selection): string {
  const parts = [s.principals?.join(', '), s.objects?.join(', '), s.query, s.events?.join(', ')].filter(Boolean)
  if (s.from) parts.push(`from ${s.from}`)
  if (s.to) parts.push(`to ${s.to}`)
  return parts.join('; ')
}
