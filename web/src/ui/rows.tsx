import { useLayoutEffect, useRef, useSyncExternalStore, type ReactNode } from 'react'
import type { Listed } from '../api/listed'
import { followWithin, go } from '../app/router'
import { useList } from './list'
import { floorOf, Sheet, type View } from './sheet'
import './row.css'

const phone = typeof window === 'undefined' ? undefined : window.matchMedia('(max-width: 760px)')

/** The least height of a row of records in pixels, as row.css has it. */
export const rowHeight = 28

/** The height of a row of records in pixels. */
export function useRowHeight(): number {
  return useSyncExternalStore(
    (tell) => {
      phone?.addEventListener('change', tell)
      return () => phone?.removeEventListener('change', tell)
    },
    () => (phone?.matches ? 2 * rowHeight : rowHeight),
  )
}

export interface RowsProps<T> {
  rows: Listed<T>
  label: string
  /** Of each row, in pixels. */
  height: number
  /** Makes the element of a row. Another one has all of them made anew. */
  make: () => View<T>
  /** The address of a row. */
  to: (row: T) => string
  /** The heads of the columns. */
  head: ReactNode
  /** Of rows that are wider than the list may be, in pixels. */
  width?: number
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

/** Rows in a list that draws only what is in sight. */
export function Rows<T>({ rows, label, height, make, to, head, width, newest, onEnd, onScroll, onMove, foot }: RowsProps<T>) {
  const scroller = useRef<HTMLDivElement>(null)
  const holder = useRef<HTMLDivElement>(null)
  const sheet = useRef<Sheet<T>>(undefined)
  const [current] = useList(
    rows.length,
    (index) => {
      const row = rows.at(index)
      if (row !== undefined) go(to(row))
    },
    (index) => {
      onMove?.()
      sheet.current?.reveal(index)
    },
  )
  const told = useRef({ onEnd, onScroll })
  told.current = { onEnd, onScroll }
  useLayoutEffect(() => {
    if (!scroller.current || !holder.current) return
    const made = new Sheet<T>(scroller.current, holder.current, height, make, {
      scrolled: (top) => told.current.onScroll?.(top),
      ended: () => told.current.onEnd?.(),
    })
    sheet.current = made
    return () => made.end()
  }, [height, make])
  useLayoutEffect(() => sheet.current?.set(rows, newest, current), [rows, newest, current, height, make])
  const shift = newest === undefined ? undefined : { transform: `translateY(${(newest - floorOf(newest)) * height}px)` }
  return (
    <div ref={scroller} className="list entries" role="region" aria-label={label} tabIndex={0}>
      <div style={{ minWidth: width }}>
        {head}
        <div ref={holder} className={`rows${newest === undefined ? '' : ' moving'}`} style={{ height: rows.length * height, ...shift }} onClick={followWithin} />
      </div>
      {foot}
    </div>
  )
}
