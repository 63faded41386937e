// What has just been done, said to those who do not see the page change.

import { useSyncExternalStore } from 'react'

let said = ''
let timer: ReturnType<typeof setTimeout> | undefined
const listeners = new Set<() => void>()

function say(text: string): void {
  said = text
  listeners.forEach((tell) => tell())
}

/** Says a sentence: after a moment, in which a dialog closes, as what is behind one is not heard. */
export function announce(text: string): void {
  clearTimeout(timer)
  say('')
  timer = setTimeout(() => say(text), 150)
}

/** What is to be said now. */
export function useAnnounced(): string {
  return useSyncExternalStore(
    (tell) => {
      listeners.add(tell)
      return () => listeners.delete(tell)
    },
    () => said,
  )
}
