import { useEffect, useRef, useState } from 'react'
import { useClock } from '../app/time'
import { Icon, icons } from './icon'
import { fromInput, ranges, toInput } from './span'
import './timerange.css'

/** The span of time: one of the usual, or from a time to another. */
export function TimeRange({ from, to, onChange }: { from: string; to: string; onChange: (from: string, to: string) => void }) {
  const [clock] = useClock()
  const [open, setOpen] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const known = ranges.find((range) => range.from === (from || 'all'))
  const title = to === '' && known ? known.title : `${show(from, clock.stamp)} to ${to === '' ? 'now' : show(to, clock.stamp)}`
  useEffect(() => {
    if (!open) return
    box.current?.querySelector<HTMLElement>('button, input')?.focus()
    const outside = (event: PointerEvent) => {
      if (!box.current?.parentElement?.contains(event.target as Node)) setOpen(false)
    }
    document.addEventListener('pointerdown', outside)
    return () => document.removeEventListener('pointerdown', outside)
  }, [open])
  const choose = (a: string, b: string) => {
    setOpen(false)
    button.current?.focus()
    onChange(a, b)
  }
  return (
    <div
      className="timerange"
      onKeyDown={(event) => {
        if (event.key === 'Escape' && open) {
          event.stopPropagation()
          setOpen(false)
          button.current?.focus()
        }
      }}
    >
      <button ref={button} type="button" className="button" aria-expanded={open} aria-haspopup="dialog" onClick={() => setOpen(!open)} title={`Times are in ${clock.zone}`}>
        <Icon d={icons.clock} />
        <span className="hidden">Time: </span>
        {title}
        <Icon d={icons.down} size={12} />
      </button>
      {open && (
        <div ref={box} className="popover timerange-box" role="dialog" aria-label="Time">
          <ul>
            {ranges.map((range) => (
              <li key={range.from}>
                <button type="button" className="button quiet" aria-pressed={to === '' && range.from === (from || 'all')} onClick={() => choose(range.from, '')}>
                  {range.title}
                </button>
              </li>
            ))}
          </ul>
          <form
            className="stack"
            onSubmit={(event) => {
              event.preventDefault()
              const data = new FormData(event.currentTarget)
              choose(fromInput(String(data.get('from')), clock.utc) || 'all', fromInput(String(data.get('to')), clock.utc))
            }}
          >
            <label className="field">
              <span className="label">From ({clock.zone})</span>
              <input className="input" type="datetime-local" name="from" step="1" defaultValue={toInput(from, clock.utc)} />
            </label>
            <label className="field">
              <span className="label">To; empty: now</span>
              <input className="input" type="datetime-local" name="to" step="1" defaultValue={toInput(to, clock.utc)} />
            </label>
            <button type="submit" className="button primary">
              Use these times
            </button>
          </form>
        </div>
      )}
    </div>
  )
}

function show(time: string, stamp: (time: string) => string): string {
  if (time === '') return 'the beginning'
  return /^\d{4}-/.test(time) ? stamp(time).replace(/\.000$/, '') : `${time} ago`
}
