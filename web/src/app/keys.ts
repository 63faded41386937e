// The keyboard. A page adds its own keys with useKeys; g and a letter, /, ?,
// Ctrl+K and Esc belong to the shell.

import { useEffect, useRef } from 'react'

export interface Binding {
  /** As KeyboardEvent.key, or two with a space between them: "g l". */
  keys: string
  /** For the list of keys. */
  what: string
  run: () => void
  /** Where in the list of keys it stands. */
  group: string
}

const active = new Set<{ current: Binding[] }>()
let prefix = ''
let timer: ReturnType<typeof setTimeout> | undefined

/** All bindings that hold now. */
export function bindings(): Binding[] {
  return [...active].flatMap((each) => each.current)
}

function editable(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
  if (editable(event.target) || document.querySelector('dialog[open]')) return
  const wanted = prefix ? `${prefix} ${event.key}` : event.key
  prefix = ''
  clearTimeout(timer)
  const all = bindings()
  // The latest that was added wins: that of the page before that of the shell.
  const found = all.findLast((each) => each.keys === wanted)
  if (found) {
    event.preventDefault()
    found.run()
    return
  }
  if (all.some((each) => each.keys.startsWith(`${wanted} `))) {
    event.preventDefault()
    prefix = wanted
    timer = setTimeout(() => (prefix = ''), 1500)
  }
}

if (typeof window !== 'undefined') window.addEventListener('keydown', pressed)

/** Adds keys for as long as the component is shown. */
export function useKeys(list: Binding[]): void {
  const holder = useRef(list)
  holder.current = list
  useEffect(() => {
    active.add(holder)
    return () => {
      active.delete(holder)
    }
  }, [])
}
