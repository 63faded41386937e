// Addresses: which page, and with what. Everything that a view shows is in its
// address, so that it can be shared and the browser's back button works.

import { useCallback, useMemo, useSyncExternalStore, type ComponentPropsWithRef, type MouseEvent } from 'react'

export interface Place {
  path: string
  query: string // without the question mark
}

let here: Place = typeof window === 'undefined' ? { path: '/', query: '' } : read()
const listeners = new Set<() => void>()

function read(): Place {
  return { path: location.pathname, query: location.search.slice(1) }
}

function changed(): void {
  here = read()
  listeners.forEach((tell) => tell())
}

if (typeof window !== 'undefined') window.addEventListener('popstate', changed)

function subscribe(tell: () => void): () => void {
  listeners.add(tell)
  return () => listeners.delete(tell)
}

/** Goes to an address of this console. Others are refused. */
export function go(to: string, options: { replace?: boolean } = {}): void {
  const target = new URL(to, location.href)
  if (target.origin !== location.origin) return
  const address = target.pathname + target.search + target.hash
  if (options.replace) history.replaceState(null, '', address)
  else if (address !== location.pathname + location.search + location.hash) history.pushState(null, '', address)
  changed()
}

export function usePlace(): Place {
  return useSyncExternalStore(subscribe, () => here)
}

/** Values in the query string. Setting one to undefined or '' removes it. */
export type Values = Record<string, string | undefined>

/** The query string of the address, and how to change some of it. */
export function useQuery(): [URLSearchParams, (values: Values, options?: { replace?: boolean }) => void] {
  const { query } = usePlace()
  const params = useMemo(() => new URLSearchParams(query), [query])
  const set = useCallback((values: Values, options?: { replace?: boolean }) => {
    go(withValues(here, values), options)
  }, [])
  return [params, set]
}

/** The address of a place with some values of its query changed. */
export function withValues(place: Place, values: Values): string {
  const params = new URLSearchParams(place.query)
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === '') params.delete(name)
    else params.set(name, value)
  }
  const text = params.toString()
  return text === '' ? place.path : `${place.path}?${text}`
}

/** An address from a path and values; those that are empty are left out. */
export function address(path: string, values: Values = {}): string {
  return withValues({ path, query: '' }, values)
}

/** The parameters of path if it fits the pattern, as /call/:ref does. */
export function match(pattern: string, path: string): Record<string, string> | undefined {
  const want = pattern.split('/')
  const have = path.replace(/(.)\/$/, '$1').split('/')
  if (want.length !== have.length) return undefined
  const params: Record<string, string> = {}
  for (const [i, part] of want.entries()) {
    const text = have[i] ?? ''
    if (!part.startsWith(':')) {
      if (part !== text) return undefined
      continue
    }
    if (text === '') return undefined
    try {
      params[part.slice(1)] = decodeURIComponent(text)
    } catch {
      return undefined
    }
  }
  return params
}

/** Goes to an address when a link to it is clicked, unless that asks the browser for something else, as for a new window. */
export function follow(event: MouseEvent, to: string): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  event.preventDefault()
  go(to)
}

/** Follows the link that was clicked somewhere within an element. */
export function followWithin(event: MouseEvent<HTMLElement>): void {
  const link = event.target instanceof Element ? event.target.closest('a') : null
  if (link && event.currentTarget.contains(link)) follow(event, link.href)
}

/** A link within the console. */
export function Link({ to, onClick, ...rest }: { to: string } & Omit<ComponentPropsWithRef<'a'>, 'href'>) {
  const clicked = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event)
    follow(event, to)
  }
  return <a href={to} onClick={clicked} {...rest} />
}
