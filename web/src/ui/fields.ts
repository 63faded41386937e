// The value of a field in a record, by the names of the field registry. Where a
// record has no envelope, its fields are empty.

import type { Entry } from '../api/model'
import { took } from './format'

type Tree = { [key: string]: unknown }

/** The text of a field, as the index has it: list values with commas between them. */
export function fieldText(record: Entry, name: string): string {
  const special = Object.hasOwn(specials, name) ? specials[name] : undefined
  if (special) return special(record)
  const [first = '', ...rest] = name.split('.')
  const tree = first === 'who' || first === 'what' || first === 'payload' ? dig(record[first], rest) : dig(record.header, [first, ...rest])
  return text(tree)
}

function dig(tree: unknown, path: string[]): unknown {
  let at = tree
  for (const part of path) {
    if (typeof at !== 'object' || at === null || Array.isArray(at) || !Object.hasOwn(at, part)) return undefined
    at = (at as Tree)[part]
  }
  return at
}

function text(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value)) return value.map(text).join(', ')
  if (typeof value === 'object') return Object.values(value).map(text).join(' ')
  return String(value)
}

const specials: Record<string, (record: Entry) => string> = {
  number: (r) => String(r.number),
  duration: (r) => String(took(r.header) ?? ''),
  'principal.level': (r) => String(r.header.principal?.level ?? (r.header.kind === 'access' ? 0 : '')),
  'credential.delegation': (r) => (r.header.credential?.delegation ?? []).map((d) => d.id ?? '').join(', '),
  'objects.count': (r) => String((r.header.counts ?? []).reduce((a, b) => a + b, 0) || (r.header.objects?.length ?? 0) || ''),
  data: (r) => (r.header.data ?? []).map((d) => d.class ?? '').join(', '),
  'data.count': (r) => String((r.header.data ?? []).reduce((a, d) => a + (d.count ?? 0), 0) || ''),
  received: (r) => (r.header.received ?? []).map((d) => d.class ?? '').join(', '),
  'scopes.missing': (r) => missing(r).join(', '),
  'scopes.unneeded': (r) => unneeded(r).join(', '),
  'note.facts': (r) => (r.header.note?.facts ?? []).map((f) => `${f.name ?? ''}=${f.value ?? ''}`).join(', '),
  'what.objects': (r) => (r.what?.objects ?? []).map((o) => `${o.type ?? ''}/${o.id ?? ''}`).join(', '),
  'what.asked': (r) => (r.what?.objects ?? []).slice(0, r.what?.asked ?? 0).map((o) => `${o.type ?? ''}/${o.id ?? ''}`).join(', '),
}

/** Scopes that the operation needs and the credential does not have. */
export function missing(record: Entry): string[] {
  const { operation, credential } = record.header
  if (operation?.requires !== 'scopes') return []
  return (operation.scopes ?? []).filter((scope) => !credential?.scopes?.includes(scope))
}

/** Scopes that the credential has and the operation does not need. */
export function unneeded(record: Entry): string[] {
  const { operation, credential } = record.header
  if (!operation?.requires) return []
  return (credential?.scopes ?? []).filter((scope) => !operation.scopes?.includes(scope))
}
