import { useClock } from '../app/time'

/** A time of the record, in the viewer's zone; UTC as sealed stands in its title. */
export function Time({ at, full = false, rough = false }: { at: string; full?: boolean; /** To the minute. */ rough?: boolean }) {
  const [clock] = useClock()
  return (
    <time dateTime={at} title={`${at.replace('T', ' ').replace('Z', '')} UTC`} className="nowrap">
      {rough ? clock.rough(at) : full ? clock.stamp(at) : clock.short(at)}
    </time>
  )
}

/** Switches all times between the viewer's zone and UTC. */
export function ZoneButton() {
  const [clock, setUTC] = useClock()
  return (
    <button type="button" className="button quiet small" aria-pressed={clock.utc} onClick={() => setUTC(!clock.utc)} title={`Times are in ${clock.zone}. Switch to ${clock.utc ? 'your own zone' : 'UTC'}.`}>
      {clock.zone}
    </button>
  )
}
