import { memo, useCallback, useEffect, useRef, useState } from 'react'
import { useKeys } from '../../app/keys'
import { address, Link, useQuery } from '../../app/router'
import { and } from '../../ui/complete'
import { Entries } from '../../ui/entries'
import { count, plural } from '../../ui/format'
import { Icon, icons } from '../../ui/icon'
import { QueryBar } from '../../ui/querybar'
import { Empty, Problem } from '../../ui/state'
import { classNames, useFigures, useRows, useTail, type Tail } from './tail'
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
  const [round, setRound] = useState(0)
  const tail = useTail(whole, round, paused)
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
  const onScroll = useCallback((top: number) => setScrolled(top > 8), [])
  const onMove = useCallback(() => setHeld(true), [])
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
        <Rate tail={tail} />
      </div>
      <Said tail={tail} paused={paused} scrolled={scrolled} toTop={toTop} />
      <div ref={list} className="live-list">
        <List tail={tail} unfiltered={whole === liveQuery('', [], false)} onRetry={() => setRound(round + 1)} onScroll={onScroll} onMove={onMove} />
      </div>
    </div>
  )
}

interface ListProps {
  tail: Tail
  /** It shows all calls. */
  unfiltered: boolean
  onRetry: () => void
  onScroll: (top: number) => void
  onMove: () => void
}

/** The calls, newest first. */
const List = memo(function List({ tail, unfiltered, onRetry, onScroll, onMove }: ListProps) {
  const { connection } = useFigures(tail)
  const rows = useRows(tail)
  if (connection.state === 'over')
    return (
      <div className="panel">
        <Problem error={connection.error} retry={onRetry} />
      </div>
    )
  return (
    <Entries
      rows={rows.list}
      newest={rows.newest}
      label="Live calls, newest first"
      onScroll={onScroll}
      onMove={onMove}
      foot={
        rows.list.length === 0 && connection.state === 'open' ? (
          <Empty title={unfiltered ? 'No calls yet' : 'Nothing like this yet'} action={<Link to="/start">What is needed for calls to arrive</Link>}>
            New calls appear here within a second of their end.
          </Empty>
        ) : undefined
      }
    />
  )
})

/** How many calls there are, now and in the last minute. */
function Rate({ tail }: { tail: Tail }) {
  const { history, rate } = useFigures(tail)
  return (
    <div className="row push live-figures">
      <Pulse history={history} />
      <span>
        <strong>{rate < 10 ? rate.toFixed(1) : count(Math.round(rate))}</strong> calls/s
      </span>
    </div>
  )
}

const share = (every: number) => (every > 1 ? `1 in ${count(every)}` : 'all')

/** What the reader should know about what is shown: sampling, pause, connection, problems. */
function Said({ tail, paused, scrolled, toTop }: { tail: Tail; paused: boolean; scrolled: boolean; toTop: () => void }) {
  const figures = useFigures(tail)
  const { every, others, problems } = figures
  return (
    <>
      {figures.connection.state === 'again' && (
        <div className="notice warn" role="status">
          The connection broke off and is tried again. What was sealed meanwhile is not shown here: search finds it.
        </div>
      )}
      {paused && (
        <div className="notice info" role="status">
          {scrolled ? 'Held while you read.' : 'Paused.'} {plural(figures.waiting, 'call')} came since.
          <button type="button" className="button quiet small" onClick={toTop}>
            Go to the newest
          </button>
        </div>
      )}
      {!paused && (every > 1 || others > 1) && (
        <div className="notice" role="status">
          A sample: {share(every)} of the calls that were answered well, and {share(others)} of those that were refused or failed. All are counted, and all are sealed.
        </div>
      )}
      {problems.length > 0 && (
        <div className="notice bad" role="alert">
          {plural(problems.length, 'record')} could not be shown: {problems[0]?.detail} (record {count(problems[0]?.number ?? 0)}).
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
