// Times as people read them. The record has UTC with nanoseconds; people see
// their own zone or UTC, as they choose.

import { useMemo } from 'react'
import { useStored } from './stored'

export interface Clock {
  utc: boolean
  /** 2026-11-26 14:16:13.347 */
  stamp: (time: string | number) => string
  /** 14:16:13.347, with the date if it is not today's */
  short: (time: string | number) => string
  /** 14:16, with the date if it is not today's */
  rough: (time: string | number) => string
  /** 14:16 */
  minute: (time: string | number) => string
  /** "UTC", or the zone's name */
  zone: string
}

const pad = (n: number, width = 2) => String(n).padStart(width, '0')

function parts(time: string | number, utc: boolean) {
  const d = new Date(time)
  if (Number.isNaN(d.getTime())) return undefined
  return utc
    ? { date: `${d.getUTCFullYear()}-${pad(d.getUTCMonth() + 1)}-${pad(d.getUTCDate())}`, clock: `${pad(d.getUTCHours())}:${pad(d.getUTCMinutes())}`, second: `${pad(d.getUTCSeconds())}.${pad(d.getUTCMilliseconds(), 3)}` }
    : { date: `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`, clock: `${pad(d.getHours())}:${pad(d.getMinutes())}`, second: `${pad(d.getSeconds())}.${pad(d.getMilliseconds(), 3)}` }
}

/** A clock for one zone. */
export function clock(utc: boolean): Clock {
  return {
    utc,
    stamp: (time) => {
      const p = parts(time, utc)
      return p ? `${p.date} ${p.clock}:${p.second}` : String(time)
    },
    short: (time) => {
      const p = parts(time, utc)
      if (!p) return String(time)
      const today = parts(Date.now(), utc)?.date
      return p.date === today ? `${p.clock}:${p.second}` : `${p.date} ${p.clock}:${p.second.slice(0, 2)}`
    },
    rough: (time) => {
      const p = parts(time, utc)
      if (!p) return String(time)
      return p.date === parts(Date.now(), utc)?.date ? p.clock : `${p.date} ${p.clock}`
    },
    minute: (time) => parts(time, utc)?.clock ?? String(time),
    zone: utc ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone,
  }
}

/** The clock of the viewer's choice, and how to choose. */
export function useClock(): [Clock, (utc: boolean) => void] {
  const [zone, setZone] = useStored('zone')
  const made = useMemo(() => clock(zone === 'utc'), [zone])
  return [made, (utc) => setZone(utc ? 'utc' : null)]
}

/** "3 minutes ago". */
export function ago(time: string | number, now: number): string {
  const seconds = Math.round((now - new Date(time).getTime()) / 1000)
  const f = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
  if (Math.abs(seconds) < 60) return f.format(-seconds, 'second')
  if (Math.abs(seconds) < 3600) return f.format(-Math.round(seconds / 60), 'minute')
  if (Math.abs(seconds) < 48 * 3600) return f.format(-Math.round(seconds / 3600), 'hour')
  return f.format(-Math.round(seconds / 86400), 'day')
}
