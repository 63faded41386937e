// What a word that somebody types can mean: a page, a record, somebody, an
// object, an incident, and always a search.

import { objectPath, whoPath } from '../ui/paths'
import { address } from './router'

export interface Meaning {
  /** What it leads to. */
  what: string
  /** The word, or the title of the page. */
  name: string
  to: string
}

/** Where the text can lead, the most telling first. Pages are by title and path. */
export function meanings(text: string, pages: readonly { title: string; path: string }[]): Meaning[] {
  const word = text.trim()
  const found: Meaning[] = pages.filter((page) => page.title.toLowerCase().includes(word.toLowerCase())).map((page) => ({ what: 'Page', name: page.title, to: page.path }))
  if (word === '') return found
  const number = /^[\d,]+$/.test(word) ? word.replace(/,/g, '') : ''
  const record = number || (/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(word) ? word : '')
  if (record) found.unshift({ what: 'Record', name: record, to: `/call/${record}` })
  if (/^inc_[0-9a-f]+$/.test(word)) found.unshift({ what: 'Incident', name: word, to: `/alerts/${word}` })
  if (/^[\w.-]+\/[^\s/][^\s]*$/.test(word)) found.push({ what: 'Object', name: word, to: objectPath(word) })
  if (!number && !/\s|:=|\//.test(word)) found.push({ what: 'Who', name: word, to: whoPath(word) })
  found.push({ what: 'Search', name: word, to: address('/search', { q: word }) })
  return found
}
