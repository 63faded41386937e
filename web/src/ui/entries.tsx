import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef, useSyncExternalStore, type ReactNode } from 'react'
import type { Entry } from '../api/model'
import { go } from '../app/router'
import { useClock } from '../app/time'
import { useList } from './list'
import { EntryHead, EntryRow } from './row'

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
export function Entries({ rows, label, onEnd, onScroll, onMove, foot }: EntriesProps) {
  const [clock] = useClock()
  const height = useRowHeight()
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    getItemKey: (index) => rows[index]?.number ?? index,
    overscan: 8,
    scrollMargin: 0,
  })
  useEffect(() => virtual.measure(), [height, virtual])
  const [current] = useList(
    rows.length,
    (index) => go(`/call/${rows[index]?.number ?? ''}`),
    (index) => {
      onMove?.()
      virtual.scrollToIndex(index, { align: 'auto' })
    },
  )
  const items = virtual.getVirtualItems()
  const last = items.at(-1)?.index ?? -1
  useEffect(() => {
    if (last >= rows.length - 20) onEnd?.()
  }, [last, rows.length, onEnd])
  return (
    <div ref={scroller} className="list entries" role="region" aria-label={label} tabIndex={0} onScroll={(event) => onScroll?.(event.currentTarget.scrollTop)}>
      <EntryHead zone={clock.zone} />
      <div className="rows" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const record = rows[item.index]
          return record && <EntryRow key={item.key} record={record} current={item.index === current} top={item.start} />
        })}
      </div>
      {foot}
    </div>
  )
}
