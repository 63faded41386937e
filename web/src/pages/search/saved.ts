// Saved searches, as the server keeps them and as an address shows them.

import type { SavedEntry, SavedSearch } from '../../api/model'
import { address } from '../../app/router'
import { defaultFrom, parseView } from './view'

/** The address of a saved search. */
export function placeOf(search: SavedSearch): string {
  const from = search.from || 'all'
  return address('/search', { q: search.query, from: from === defaultFrom ? '' : from, to: search.to, order: search.order === 'oldest' ? 'oldest' : '', columns: (search.columns ?? []).join(',') })
}

/** The search of an address, under a name. */
export function searchOf(query: string, name: string, shared: boolean): SavedSearch {
  const view = parseView(new URLSearchParams(query))
  return { name, query: view.query, from: view.from, to: view.to, order: view.order, columns: view.columns, shared }
}

/** Searches that were kept in the browser, before the server kept them; what is not of this form is left out. */
export function parseOld(text: string | null): { name: string; query: string }[] {
  try {
    const list: unknown = JSON.parse(text ?? '[]')
    if (!Array.isArray(list)) return []
    return list.filter((each): each is { name: string; query: string } => typeof each === 'object' && each !== null && typeof (each as { name: unknown }).name === 'string' && typeof (each as { query: unknown }).query === 'string')
  } catch {
    return []
  }
}

/** What of an entry is its owner's to change. */
export function pick({ name, query, from, to, order, columns, shared }: SavedEntry): SavedSearch {
  return { name, query, shared, ...(from && { from }), ...(to && { to }), ...(order && { order }), ...(columns && { columns }) }
}
