import { memo, useEffect, useRef, useState } from 'react'
import { useKeys } from '../../app/keys'
import { address, Link, useQuery } from '../../app/router'
import { and } from '../../ui/complete'
import { Entries } from '../../ui/entries'
import { count, plural } from '../../ui/format'
import { Icon, icons } from '../../ui/icon'
import { QueryBar } from '../../ui/querybar'
import { Empty, Problem } from '../../ui/state'
import { classNames, useTail } from './use-tail'
import './live.css'

const filters = [
  { id: 'failed', title: 'Refused or failed', term: '(outcome.status:>=400 or outcome.decision:=denied)' },
  { id: 'unverified', title: 'Not verified', term: 'principal.level:<3' },
  { id: 'data', title: 'Sensitive data', term: 'data.count:>0' },
] as const

/** The query of the bar with that of the filters. */
export function liveQuery(query: string, only: readonly string[], all: boolean): string {
  let whole = all || /\bkind:/.test(query) ? query : and(query, 'kind:in(access, gap)')
  for (const filter of filters) if (only.includes(filter.id)) whole = and(whole, filter.term)
  return whole
}

export default function Live() {
  const [params, setParams] = useQuery()
  const query = params.get('q') ?? ''
  const only = (params.get('only') ?? '').split(',').filter(Boolean)
  const all = params.get('all') === '1'
  const [held, setHeld] = useState(false)
  const [scrolled, setScrolled] = useState(false)
  const paused = held || scrolled
  const whole = liveQuery(query, only, all)
  const tail = useTail(whole, paused)
  const list = useRef<HTMLDivElement>(null)
  useEffect(() => setHeld(false), [whole])

  const toggle = () => {
    if (scrolled) toTop()
    else setHeld(!held)
  }
  const toTop = () => {
    setHeld(false)
    setScrolled(false)
    list.current?.querySelector('.entries')?.scrollTo(0, 0)
  }
  useKeys([{ keys: 'p', what: 'Pause or go on', group: 'Live', run: toggle }])

  return (
    <div className="page fill">
      <div className="page-head">
        <h1>Live</h1>
        <p className="sub">Calls as they are sealed.</p>
        <div className="row push">
          <Link className="button" to={address('/search', { q: query })}>
            Search these
          </Link>
        </div>
      </div>
      <div className="row">
        <QueryBar value={query} onSubmit={(q) => setParams({ q })} label="Filter of the live calls" placeholder="Filter: who.email:alice outcome.status:>=400" from="1h" />
        <button type="button" className={`button${paused ? ' primary' : ''}`} aria-pressed={paused} onClick={toggle} title="Pause or go on (p)">
          <Icon d={paused ? icons.play : icons.pause} />
          {paused ? 'Go on' : 'Pause'}
        </button>
      </div>
      <div className="row" role="group" aria-label="Show only">
        {filters.map((filter) => {
          const on = only.includes(filter.id)
          const next = on ? only.filter((id) => id !== filter.id) : [...only, filter.id]
          return (
            <button key={filter.id} type="button" className="button" aria-pressed={on} title={filter.term} onClick={() => setParams({ only: next.join(',') })}>
              {filter.title}
            </button>
          )
        })}
        <button type="button" className="button" aria-pressed={all} onClick={() => setParams({ all: all ? '' : '1' })} title="Looks at the record, decisions, and what Gatebook says of itself">
          Gatebook’s own events
        </button>
        <div className="row push live-figures">
          <Pulse history={tail.history} />
          <span>
            <strong>{tail.rate < 10 ? tail.rate.toFixed(1) : count(Math.round(tail.rate))}</strong> calls/s
          </span>
        </div>
      </div>
      <Said tail={tail} paused={paused} scrolled={scrolled} toTop={toTop} />
      {tail.connection.state === 'over' ? (
        <div className="panel">
          <Problem error={tail.connection.error} retry={tail.restart} />
        </div>
      ) : (
        <div ref={list} className="live-list">
          <Entries
            rows={tail.rows}
            label="Live calls, newest first"
            onScroll={(top) => setScrolled(top > 8)}
            onMove={() => setHeld(true)}
            foot={
              tail.rows.length === 0 && tail.connection.state === 'open' ? (
                <Empty title={whole === liveQuery('', [], false) ? 'No calls yet' : 'Nothing like this yet'} action={<Link to="/start">What is needed for calls to arrive</Link>}>
                  New calls appear here within a second of their end.
                </Empty>
              ) : undefined
            }
          />
        </div>
      )}
    </div>
  )
}

/** What the reader should know about what is shown: sampling, pause, connection, problems. */
function Said({ tail, paused, scrolled, toTop }: { tail: ReturnType<typeof useTail>; paused: boolean; scrolled: boolean; toTop: () => void }) {
  return (
    <>
      {tail.connection.state === 'again' && (
        <div className="notice warn" role="status">
          The connection broke off and is tried again. What was sealed meanwhile is not shown here: search finds it.
        </div>
      )}
      {paused && (
        <div className="notice info" role="status">
          {scrolled ? 'Held while you read.' : 'Paused.'} {plural(tail.waiting, 'call')} came since.
          <button type="button" className="button quiet small" onClick={toTop}>
            Go to the newest
          </button>
        </div>
      )}
      {!paused && tail.every > 1 && (
        <div className="notice" role="status">
          A sample: of the calls that were answered well, 1 in {count(tail.every)} is shown. All are counted, and all that was refused or failed is shown.
        </div>
      )}
      {tail.problems.length > 0 && (
        <div className="notice bad" role="alert">
          {plural(tail.problems.length, 'record')} could not be shown: {tail.problems[0]?.detail} (record {count(tail.problems[0]?.number ?? 0)}).
        </div>
      )}
    </>
  )
}

const tones = ['var(--good)', 'var(--warn)', 'var(--bad)']

/** The last minute, a bar for each second. */
const Pulse = memo(function Pulse({ history }: { history: number[][] }) {
  const sums = history.map((second) => second.reduce((a, b) => a + b, 0))
  const top = Math.max(5, ...sums)
  const total = classNames.map((name, kind) => `${history.reduce((sum, second) => sum + (second[kind] ?? 0), 0)} ${name}`)
  return (
    <svg className="pulse" width="180" height="24" viewBox="0 0 180 24" role="img" aria-label={`The last minute: ${total.join(', ')}`}>
      <title>{`The last minute: ${total.join(', ')}`}</title>
      {history.map((second, i) => {
        let y = 24
        return second.map((n, kind) => {
          if (n === 0) return null
          const h = Math.max(1, (n / top) * 24)
          y -= h
          return <rect key={`${i}-${kind}`} x={i * 3} y={y} width={2} height={h} fill={tones[kind]} />
        })
      })}
    </svg>
  )
})
