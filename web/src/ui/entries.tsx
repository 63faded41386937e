import { useEffect, useRef, useSyncExternalStore, type ReactNode } from 'react'
import type { Entry } from '../api/model'
import { go } from '../app/router'
import { useClock } from '../app/time'
import { useList } from './list'
import { EntryHead, EntryRow } from './row'
import { useWindow } from './window'

const phone = typeof window === 'undefined' ? undefined : window.matchMedia('(max-width: 760px)')

/** The height of a row in pixels, as row.css has it. */
export function useRowHeight(): number {
  return useSyncExternalStore(
    (tell) => {
      phone?.addEventListener('change', tell)
      return () => phone?.removeEventListener('change', tell)
    },
    () => (phone?.matches ? 56 : 28),
  )
}

export interface EntriesProps {
  rows: readonly Entry[]
  label: string
  /**
   * Of a list to which rows are added at its beginning: how many there were up
   * to its first row. What is drawn already is then not drawn again, but moved
   * in one piece.
   */
  newest?: number
  /** Called when the end comes into sight. */
  onEnd?: () => void
  /** Called with how far it is scrolled. */
  onScroll?: (top: number) => void
  /** Called when a row becomes the current one by the keyboard. */
  onMove?: () => void
  /** Below the last row. */
  foot?: ReactNode
}

/** Records in a list that draws only what is in sight. */
export function Entries({ rows, label, newest, onEnd, onScroll, onMove, foot }: EntriesProps) {
  const [clock] = useClock()
  const height = useRowHeight()
  const scroller = useRef<HTMLDivElement>(null)
  const [first, last, show] = useWindow(scroller, rows.length, height)
  const [current] = useList(
    rows.length,
    (index) => go(`/call/${rows[index]?.number ?? ''}`),
    (index) => {
      onMove?.()
      show(index)
    },
  )
  // A row keeps its place from a floor that rises now and then, so that places
  // stay small.
  const floor = newest === undefined ? 0 : newest - (newest % 5_000)
  const place = (index: number) => (newest === undefined ? index : floor - newest + index) * height
  const shift = newest === undefined ? undefined : { transform: `translateY(${(newest - floor) * height}px)` }
  useEffect(() => {
    if (last >= rows.length - 20) onEnd?.()
  }, [last, rows.length, onEnd])
  return (
    <div ref={scroller} className="list entries" role="region" aria-label={label} tabIndex={0} onScroll={(event) => onScroll?.(event.currentTarget.scrollTop)}>
      <EntryHead zone={clock.zone} />
      <div className={`rows${newest === undefined ? '' : ' moving'}`} style={{ height: rows.length * height, ...shift }}>
        {rows.slice(first, last).map((record, i) => (
          <div key={record.number} className="rows-row" style={{ top: place(first + i) }}>
            <EntryRow record={record} current={first + i === current} />
          </div>
        ))}
      </div>
      {foot}
    </div>
  )
}
