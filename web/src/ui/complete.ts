// What can follow in a query: names of fields, or values of one.

export interface Spot {
  kind: 'field' | 'value' | 'none'
  /** The field whose value is being written. */
  field: string
  /** What is written already, without quotation marks. */
  prefix: string
  /** What a choice replaces. */
  from: number
  to: number
}

/** Finds what is being written where the caret is. */
export function spotAt(text: string, caret: number): Spot {
  let start = 0 // of the term
  let colon = -1 // in the term, outside of quotation marks
  let value = 0 // where the value begins
  let quote = ''
  for (let i = 0; i < caret; i++) {
    const c = text[i]!
    if (quote) {
      if (c === '\\' && quote !== '`') i++
      else if (c === quote) quote = ''
      continue
    }
    if (c === '"' || c === "'" || c === '`') quote = c
    else if (/[\s()|,]/.test(c) || ((c === '-' || c === '!') && i === start)) {
      if (c === '|') return { kind: 'none', field: '', prefix: '', from: caret, to: caret }
      start = i + 1
      colon = -1
    } else if (c === ':' && colon < 0) {
      colon = i
      value = i + 1
    }
  }
  if (colon >= 0) {
    while (value < caret && '=<>~!'.includes(text[value]!)) value++
    const written = text.slice(value, caret)
    const to = endOf(text, caret, quote)
    return { kind: 'value', field: unquote(text.slice(start, colon)), prefix: unquote(written), from: value, to }
  }
  if (quote) return { kind: 'none', field: '', prefix: '', from: caret, to: caret }
  let to = caret
  while (to < text.length && /[\w.]/.test(text[to]!)) to++
  if (text[to] === ':') to++
  return { kind: 'field', field: '', prefix: text.slice(start, caret), from: start, to }
}

function endOf(text: string, caret: number, quote: string): number {
  let to = caret
  if (quote) {
    while (to < text.length && text[to] !== quote) to++
    return Math.min(to + 1, text.length)
  }
  while (to < text.length && !/[\s()|,]/.test(text[to]!)) to++
  return to
}

function unquote(text: string): string {
  const first = text[0] ?? ''
  if (first !== '"' && first !== "'" && first !== '`') return text
  const inner = text.slice(1, text.length > 1 && text.endsWith(first) ? -1 : undefined)
  return first === '`' ? inner : inner.replace(/\\(.)/g, '$1')
}

/** A value as LogsQL has it: in quotation marks. */
export function quote(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&').replace(/[\x00-\x1f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`
}

/** A term that holds for just this value. */
export function term(field: string, value: string): string {
  return value === '' ? `${field}:""` : `${field}:=${/^[A-Za-z0-9_.][\w.]*$/.test(value) ? value : quote(value)}`
}

/** A term that holds if one of a list's values is this. */
export function listTerm(field: string, value: string): string {
  return `${field}:${quote(value)}`
}

/** The query with another term, which must hold too, or must not. */
export function and(query: string, added: string, not = false): string {
  const base = query.trim()
  const last = not ? `not ${added}` : added
  if (base === '' || base === '*') return last
  const [filter, pipes] = cutPipes(base)
  const safe = /\bor\b/i.test(filter) && !/^\([^()]*\)$/.test(filter) ? `(${filter})` : filter
  return [`${safe} ${last}`, pipes].filter(Boolean).join(' ')
}

/** The filter of a query, and its pipes. */
export function cutPipes(query: string): [filter: string, pipes: string] {
  let quoted = ''
  let depth = 0
  for (let i = 0; i < query.length; i++) {
    const c = query[i]!
    if (quoted) {
      if (c === '\\' && quoted !== '`') i++
      else if (c === quoted) quoted = ''
    } else if (c === '"' || c === "'" || c === '`') quoted = c
    else if ('([{'.includes(c)) depth++
    else if (')]}'.includes(c)) depth--
    else if (c === '|' && depth === 0) return [query.slice(0, i).trim(), query.slice(i)]
  }
  return [query.trim(), '']
}
