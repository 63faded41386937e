import { useLayoutEffect, useRef } from 'react'
import type { Entry } from '../api/model'
import { followWithin } from '../app/router'
import { useClock } from '../app/time'
import { EntryView } from './entryview'
import './row.css'

/** A few records, each in a line. */
export function EntryRows({ records }: { records: readonly Entry[] }) {
  const [clock] = useClock()
  const holder = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const elements = records.map((record) => {
      const view = new EntryView(clock)
      view.show(record)
      return view.element
    })
    holder.current?.replaceChildren(...elements)
  }, [records, clock])
  return <div ref={holder} onClick={followWithin} />
}

/** The heads of the columns of [EntryRows]. */
export function EntryHead({ zone }: { zone: string }) {
  return (
    <div className="list-row head entry" aria-hidden="true">
      <span title={`Times are in ${zone}`}>Time</span>
      <span>Who</span>
      <span>What</span>
      <span className="entry-objects">Objects</span>
      <span className="entry-data">Data</span>
      <span>Outcome</span>
      <span className="num entry-took">Took</span>
    </div>
  )
}
