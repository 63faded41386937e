import { useState } from 'react'
import { useKeys } from '../app/keys'

/** The current row of a list: j and k go down and up, Enter opens. */
export function useList(length: number, open: (index: number) => void, reveal?: (index: number) => void): [number, (index: number) => void] {
  const [current, setCurrent] = useState(-1)
  const move = (step: number) => {
    if (length === 0) return
    const next = Math.min(Math.max(current + step, 0), length - 1)
    setCurrent(next)
    reveal?.(next)
  }
  useKeys([
    { keys: 'j', what: 'Next row', group: 'Lists', run: () => move(1) },
    { keys: 'k', what: 'Row before', group: 'Lists', run: () => move(-1) },
    {
      keys: 'Enter',
      what: 'Open the row',
      group: 'Lists',
      run: () => {
        const focused = document.activeElement
        if (focused instanceof HTMLElement && focused !== document.body && focused.matches('a, button, summary')) focused.click()
        else if (current >= 0 && current < length) open(current)
      },
    },
  ])
  return [Math.min(current, length - 1), setCurrent]
}
