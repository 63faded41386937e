import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { json } from '../../api/client'
import type { Histogram } from '../../api/model'
import type { ReadingPerson } from '../../api/types'
import { useClock } from '../../app/time'
import { and, term } from '../../ui/complete'
import { methodWord } from '../../ui/credential'
import { count, plural } from '../../ui/format'
import { levelInfo } from '../../ui/level'
import { Panel } from '../../ui/panel'
import { searchPath } from '../../ui/paths'
import { Answer } from '../../ui/state'
import { Tally, type TallyRow } from '../../ui/tally'
import type { Span } from '../../ui/usespan'
import { facet } from './entity'
import { days, habitSpan, hoursOf } from './hours'

/** When it calls, from where, with what, and what it does. */
export function Habits({ data, span }: { data: ReadingPerson; span: Span }) {
  const rows = (field: string, label: (value: string) => string = (value) => value): TallyRow[] =>
    facet(data.counts, field).map((each) => ({
      key: each.value,
      label: each.value === '' ? 'not known' : label(each.value),
      title: each.value,
      count: each.count,
      to: searchPath(and(data.query, term(field, each.value)), span.from, span.to),
    }))
  return (
    <Panel title="Habits">
      <Hours query={data.query} span={span} />
      <div className="tallies">
        <Tally title="Routes" rows={rows('operation.route')} empty="None is known." />
        <Tally title="Addresses" rows={rows('who.address')} empty="None is shown." />
        <Tally title="Programs" rows={rows('who.user_agent')} empty="None said what it is." />
        <Tally title="Apps" rows={rows('credential.client')} empty="None is known." />
        <Tally title="Credentials" rows={rows('credential.method', methodWord)} empty="None." />
        <Tally title="Methods" rows={rows('operation.method')} empty="None." />
        <Tally title="Outcomes" rows={rows('outcome.status')} empty="None." />
        <Tally title="How far verified" rows={rows('principal.level', (value) => `${value} ${levelInfo(Number(value)).word}`)} empty="None." />
      </div>
      <p className="muted small">The ten most frequent of each.</p>
    </Panel>
  )
}

function Hours({ query, span }: { query: string; span: Span }) {
  const [clock] = useClock()
  const asked = useMemo(() => habitSpan(span.from, span.to, Date.now()), [span.from, span.to])
  const answer = useQuery({
    queryKey: ['histogram', query, asked.from, asked.to, '1h'],
    queryFn: ({ signal }) => json<Histogram>('/api/v1/histogram', { params: { query, from: asked.from, to: asked.to, step: '1h' }, signal }),
    staleTime: 60_000,
  })
  return (
    <section className="stack">
      <h3>
        Hours of the week <span className="muted">({clock.zone}{asked.cut ? ', the last 60 days' : ''})</span>
      </h3>
      <Answer query={answer} what="the hours">
        {(data) => <Week week={hoursOf(data.buckets, clock.utc)} />}
      </Answer>
    </section>
  )
}

const steps = 4

function Week({ week }: { week: number[][] }) {
  const most = Math.max(1, ...week.flat())
  return (
    <div className="scroll" role="region" aria-label="Calls by day and hour" tabIndex={0}>
      <table className="week">
        <thead>
          <tr>
            <td />
            {Array.from({ length: 24 }, (_, hour) => (
              <th key={hour} scope="col">
                <span className={hour % 3 ? 'hidden' : hour % 6 ? 'third' : ''}>{String(hour).padStart(2, '0')}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {week.map((row, day) => (
            <tr key={day}>
              <th scope="row">{days[day]?.slice(0, 3)}</th>
              {row.map((n, hour) => (
                <td key={hour} className={`heat-${n === 0 ? 0 : Math.max(1, Math.ceil((n / most) * steps))}`} title={`${days[day]} ${String(hour).padStart(2, '0')}:00: ${plural(n, 'call')}`}>
                  <span className="hidden">{count(n)}</span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p className="row small muted week-legend">
        none
        {Array.from({ length: steps + 1 }, (_, i) => (
          <span key={i} className={`week-key heat-${i}`} aria-hidden="true" />
        ))}
        {count(most)} in an hour
      </p>
    </div>
  )
}
