// When a call was where: the parts of its time.

import type { Header } from '../../api/model'
import { between } from '../../ui/format'

export interface Phase {
  name: string
  what: string
  from: number // nanoseconds after arrival
  to: number
}

/** The phases of a call, in order. Those that are not known are left out. */
export function phases(header: Header): { list: Phase[]; total: number } {
  const { arrived, completed, ended, upstream } = header
  const over = completed ?? ended
  const total = arrived && over ? between(arrived, over) : 0
  const end = Math.max(total, upstream?.first ?? 0, upstream?.sent ?? 0)
  const list: Phase[] = []
  const add = (name: string, what: string, from: number, to: number) => {
    if (to > from) list.push({ name, what, from, to })
  }
  const sent = upstream?.sent ?? 0
  const first = upstream?.first ?? 0
  if (!upstream) {
    add('Here', 'Gatebook answered by itself, or the call did not come so far', 0, end)
    return { list, total: end }
  }
  add('Received', 'from the first byte until the request was sent on: who calls, and may they', 0, sent || first || end)
  if (first) {
    add('API', 'until the answer’s header came from the API', sent, first)
    add('Answered', completed ? 'until the last byte was handed on' : 'until it broke off', first, end)
  } else if (sent) add('API', 'no answer came', sent, end)
  return { list, total: end }
}
