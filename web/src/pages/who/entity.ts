// What a name stands for, from what the record knows under it.

import type { ReadingFacet, ReadingIdent, ReadingPerson } from '../../api/types'

export type Sort = 'Person' | 'Service' | 'Machine' | 'Caller' | 'App' | 'Credential' | 'Unknown'

const kinds: Record<string, Sort> = { user: 'Person', service: 'Service', machine: 'Machine' }

export interface Entity {
  sort: Sort
  /** As people call it. */
  title: string
  /** Pseudonyms under which its calls are recorded. */
  principals: string[]
  /** All names by which findings can mean it. */
  names: Set<string>
  /** Calls that were verified, and calls that only showed the name. */
  verified: number
  claimed: number
}

/** Sums up who or what an answer is about. */
export function entityOf(person: ReadingPerson): Entity {
  const { asked, identities } = person
  const principal = identities.find((each) => [each.id, each.subject, each.email, each.name].includes(asked))
  const app = identities.some((each) => each.client === asked)
  const sort = sortOf(principal, app, identities.length > 0)
  const of = sort === 'App' || sort === 'Credential' ? [] : identities
  const names = new Set([asked])
  for (const each of of) for (const name of [each.id, each.subject, each.email]) if (name) names.add(name)
  if (sort === 'Credential') for (const each of identities) if (each.fingerprint && each.fingerprint === asked) names.add(each.fingerprint)
  const levels = facet(person.counts, 'principal.level')
  const verified = total(levels.filter((each) => Number(each.value) >= 2))
  return {
    sort,
    title: sort === 'App' || sort === 'Credential' || !principal ? asked : principal.name || principal.email || principal.subject || asked,
    principals: [...new Set(identities.map((each) => each.id ?? '').filter(Boolean))],
    names,
    verified,
    claimed: total(levels) - verified,
  }
}

function sortOf(principal: ReadingIdent | undefined, app: boolean, known: boolean): Sort {
  if (!known) return 'Unknown'
  if (principal) return kinds[principal.kind ?? ''] ?? 'Caller'
  return app ? 'App' : 'Credential'
}

export function facet(counts: readonly ReadingFacet[], field: string): { value: string; count: number }[] {
  return counts.find((each) => each.field === field)?.values ?? []
}

function total(list: readonly { count: number }[]): number {
  return list.reduce((sum, each) => sum + each.count, 0)
}
