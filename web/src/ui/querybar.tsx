// The search bar: LogsQL with completion of fields and of their values.

import { useQuery } from '@tanstack/react-query'
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import { json } from '../api/client'
import type { Facets } from '../api/model'
import { fieldsQuery } from '../api/queries'
import { quote, spotAt } from './complete'
import { count } from './format'
import { Icon, icons } from './icon'
import './querybar.css'

interface Choice {
  text: string
  /** What stands beside it. */
  note: string
  insert: string
}

const most = 12

export function QueryBar({ value, onSubmit, label, placeholder, autoFocus = false, from = '24h' }: { value: string; onSubmit: (query: string) => void; label: string; placeholder: string; autoFocus?: boolean; from?: string }) {
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  const [text, setText] = useState(value)
  const [caret, setCaret] = useState(0)
  const [open, setOpen] = useState(false)
  const [at, setAt] = useState(-1)
  useEffect(() => setText(value), [value])
  useEffect(() => {
    if (autoFocus) input.current?.focus()
  }, [autoFocus])

  const spot = useMemo(() => spotAt(text, caret), [text, caret])
  const fields = useQuery({ ...fieldsQuery, enabled: open })
  const known = fields.data?.find((field) => field.name === spot.field)
  const wanted = open && spot.kind === 'value' && known && known.part !== 'payload' && known.type !== 'time' ? spot.field : ''
  const values = useQuery({
    queryKey: ['values', wanted, from],
    enabled: wanted !== '',
    staleTime: 30_000,
    queryFn: ({ signal }) => json<Facets>('/api/v1/facets', { params: { fields: wanted, from, limit: 100 }, signal }),
  })

  const choices = useMemo<Choice[]>(() => {
    const has = (candidate: string) => candidate.toLowerCase().includes(spot.prefix.toLowerCase())
    if (spot.kind === 'field' && (spot.prefix !== '' || text === '')) {
      return (fields.data ?? [])
        .filter((field) => has(field.name))
        .sort((a, b) => Number(b.name.startsWith(spot.prefix)) - Number(a.name.startsWith(spot.prefix)))
        .slice(0, most)
        .map((field) => ({ text: field.name, note: field.doc, insert: `${field.name}:` }))
    }
    if (spot.kind !== 'value' || wanted === '') return []
    const operator = /[=<>~]$/.test(text.slice(0, spot.from))
    return (values.data?.facets[0]?.values ?? [])
      .filter((each) => each.value !== '' && has(each.value))
      .slice(0, most)
      .map((each) => ({ text: each.value, note: count(each.count), insert: `${operator || known?.list ? '' : '='}${/^[A-Za-z0-9_.]+$/.test(each.value) ? each.value : quote(each.value)} ` }))
  }, [spot, fields.data, values.data, wanted, text, known])

  const shown = open && choices.length > 0
  const current = shown ? choices[at] : undefined

  const take = (choice: Choice) => {
    const next = text.slice(0, spot.from) + choice.insert + text.slice(spot.to)
    const place = spot.from + choice.insert.length
    setText(next)
    setCaret(place)
    setAt(-1)
    requestAnimationFrame(() => {
      input.current?.focus()
      input.current?.setSelectionRange(place, place)
    })
  }
  const submit = (query: string) => {
    setOpen(false)
    setAt(-1)
    onSubmit(query.trim())
  }
  const key = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    switch (event.key) {
      case 'ArrowDown':
      case 'ArrowUp': {
        if (choices.length === 0) return
        event.preventDefault()
        setOpen(true)
        const step = event.key === 'ArrowDown' ? 1 : -1
        setAt((now) => (now + step + choices.length + (now < 0 && step < 0 ? 1 : 0)) % choices.length)
        return
      }
      case 'Tab':
        if (current) {
          event.preventDefault()
          take(current)
        }
        return
      case 'Enter':
        event.preventDefault()
        if (current) take(current)
        else submit(text)
        return
      case 'Escape':
        if (shown) {
          setOpen(false)
          setAt(-1)
        } else input.current?.blur()
    }
  }
  return (
    <form
      className="querybar"
      role="search"
      aria-label={label}
      onSubmit={(event) => {
        event.preventDefault()
        submit(text)
      }}
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) setOpen(false)
      }}
    >
      <Icon d={icons.search} />
      <input
        ref={input}
        data-search
        className="mono"
        type="text"
        role="combobox"
        aria-label={label}
        aria-expanded={shown}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={current ? `${id}-${at}` : undefined}
        autoComplete="off"
        autoCorrect="off"
        autoCapitalize="none"
        spellCheck={false}
        enterKeyHint="search"
        placeholder={placeholder}
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setCaret(event.target.selectionStart ?? event.target.value.length)
          setOpen(true)
          setAt(-1)
        }}
        onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? 0)}
        onKeyDown={key}
      />
      {text !== '' && (
        <button type="button" className="button quiet square" aria-label="Clear the query" onClick={() => submit('')}>
          <Icon d={icons.close} />
        </button>
      )}
      <ul id={`${id}-list`} role="listbox" aria-label="Completions" className="popover choices" hidden={!shown}>
        {choices.map((choice, i) => (
          <li key={choice.text} id={`${id}-${i}`} role="option" aria-selected={i === at} onPointerDown={(event) => event.preventDefault()} onClick={() => take(choice)}>
            <span className="mono">{choice.text}</span>
            <span className="muted small">{choice.note}</span>
          </li>
        ))}
      </ul>
    </form>
  )
}
