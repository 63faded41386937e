// Addresses of the pages about one thing, and of the search for its calls.

import { address } from '../app/router'

/** The page of a person, a service, an app or a credential, by any of its names. */
export function whoPath(name: string): string {
  return `/who/${encodeURIComponent(name)}`
}

/** The page of an object, named type/id. An id can have slashes of its own. */
export function objectPath(object: string): string {
  const cut = object.indexOf('/')
  const type = cut < 0 ? object : object.slice(0, cut)
  return `/object/${encodeURIComponent(type)}/${encodeURIComponent(cut < 0 ? '' : object.slice(cut + 1))}`
}

/** The page of a class of data, such as email. */
export function dataPath(name: string): string {
  return `/data/${encodeURIComponent(name)}`
}

/** The search for a query; from is as the API takes it, empty for all time. */
export function searchPath(query: string, from = '', to = ''): string {
  return address('/search', { q: query, from: from === '' ? 'all' : from, to })
}

/** The values of a field that is a list, as facets and stats have them. */
export function values(list: string): string[] {
  return list.split(/[\s,]+/).filter(Boolean)
}
