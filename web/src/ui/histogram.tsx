import { useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState } from 'react'
import { json } from '../api/client'
import type { Histogram as Answered } from '../api/model'
import { useClock } from '../app/time'
import type { Bars } from './bars'
import { count } from './format'
import { parseDuration } from './span'
import { Aside } from './state'
import './histogram.css'

const outcomes = ['answered', 'refused', 'failed', 'no status'] as const
const tones = ['good', 'warn', 'bad', 'neutral'] as const

/** Which outcome a status is counted as. */
export function outcomeOf(status: string): number {
  const n = Number(status)
  if (!n) return 3
  return n >= 500 ? 2 : n >= 400 ? 1 : 0
}

/** Buckets by status as one row of counts for each outcome, with the empty steps between them. */
export function barsOf(answer: Answered): Bars {
  const step = answer.step / 1e9
  const times = answer.buckets.map((bucket) => new Date(bucket.start).getTime() / 1000)
  if (times.length === 0) return { step, times: [], rows: outcomes.map(() => []) }
  const first = Math.min(...times)
  const steps = Math.round((Math.max(...times) - first) / step) + 1
  const rows = outcomes.map(() => new Array<number>(steps).fill(0))
  for (const [i, bucket] of answer.buckets.entries()) {
    const at = Math.round((times[i]! - first) / step)
    const row = rows[outcomeOf(bucket.group ?? '')]!
    row[at] = (row[at] ?? 0) + bucket.count
  }
  return { step, times: Array.from({ length: steps }, (_, i) => first + i * step), rows }
}

/** The span that was asked for, in seconds since 1970, as far as it can be told here. */
export function boundsOf(from: string, to: string, now: number): { from?: number; to?: number } {
  const at = (text: string) => {
    const duration = parseDuration(text)
    const time = duration === undefined ? new Date(text).getTime() : now - duration
    return Number.isNaN(time) ? undefined : time / 1000
  }
  const begin = at(from)
  const end = to === '' ? now / 1000 : at(to)
  return { ...(begin === undefined ? {} : { from: begin }), ...(end === undefined ? {} : { to: end }) }
}

/** How many events ended how over time, with a brush that chooses a time. */
export function Histogram({ enabled = true, query, from, to, onSelect }: { enabled?: boolean; query: string; from: string; to: string; onSelect: (from: string, to: string) => void }) {
  const answer = useQuery({
    queryKey: ['histogram', query, from, to],
    enabled,
    queryFn: ({ signal }) => json<Answered>('/api/v1/histogram', { params: { query, from, to, by: 'outcome.status' }, signal }),
    placeholderData: (before) => before,
  })
  return (
    <div className="histogram">
      <Aside query={answer} what="The histogram">
        {(data) => (data.buckets.length === 0 ? <p className="muted small">No events in this time.</p> : <Chart data={data} from={from} to={to} onSelect={onSelect} />)}
      </Aside>
    </div>
  )
}

function Chart({ data, from, to, onSelect }: { data: Answered; from: string; to: string; onSelect: (from: string, to: string) => void }) {
  const box = useRef<HTMLDivElement>(null)
  const [clock] = useClock()
  const bars = useMemo(() => ({ ...barsOf(data), ...boundsOf(from, to, Date.now()) }), [data, from, to])
  const select = useRef(onSelect)
  select.current = onSelect
  const [busy, setBusy] = useState(true)
  useEffect(() => {
    let over = false
    let end: (() => void) | undefined
    // What draws charts is as large as all else of a page: that comes first.
    void import('./bars').then(({ drawBars }) => {
      if (over || !box.current) return
      end = drawBars(box.current, bars, { names: outcomes, tones, utc: clock.utc, onSelect: (a, b) => select.current(new Date(a * 1000).toISOString(), new Date(b * 1000).toISOString()) })
      setBusy(false)
    })
    return () => {
      over = true
      end?.()
    }
  }, [bars, clock.utc])
  const sums = bars.rows.map((row) => row.reduce((a, b) => a + b, 0))
  const said = outcomes.map((name, i) => ({ name, sum: sums[i] ?? 0, tone: tones[i]! })).filter((each) => each.sum > 0)
  return (
    <figure>
      <div ref={box} className="chart" role="img" aria-busy={busy} aria-label={`Events over time: ${said.map((each) => `${count(each.sum)} ${each.name}`).join(', ')}. Drag over it to choose a time, or use the time button.`} />
      <figcaption className="legend small">
        {said.map((each) => (
          <span key={each.name} className="mark">
            <span className={`swatch ${each.tone}`} /> {count(each.sum)} {each.name}
          </span>
        ))}
        <span className="muted push">Drag to choose a time. Counts come from the index.</span>
      </figcaption>
    </figure>
  )
}
