// What this browser remembers for its user: theme, time zone. Never a secret,
// and nothing of the record.

import { useCallback, useSyncExternalStore } from 'react'

const listeners = new Set<() => void>()
const kept = new Map<string, string | null>() // where storage is closed to us

function read(name: string): string | null {
  if (kept.has(name)) return kept.get(name) ?? null
  try {
    return localStorage.getItem(`gatebook.${name}`)
  } catch {
    return null
  }
}

export function store(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`gatebook.${name}`)
    else localStorage.setItem(`gatebook.${name}`, value)
  } catch {
    kept.set(name, value)
  }
  listeners.forEach((tell) => tell())
}

function subscribe(tell: () => void): () => void {
  listeners.add(tell)
  window.addEventListener('storage', tell)
  return () => {
    listeners.delete(tell)
    window.removeEventListener('storage', tell)
  }
}

/** A remembered value, and how to change it; null forgets it. */
export function useStored(name: string): [string | null, (value: string | null) => void] {
  const value = useSyncExternalStore(subscribe, () => read(name))
  return [value, useCallback((next: string | null) => store(name, next), [name])]
}
