import { useQuery } from '@tanstack/react-query'
import { json } from '../../api/client'
import type { ReadingObject } from '../../api/types'
import type { PageProps } from '../../app/pages'
import { Link } from '../../app/router'
import { Classes } from '../../ui/classes'
import { and } from '../../ui/complete'
import { Copy } from '../../ui/copy'
import { Figures } from '../../ui/figures'
import { count, share } from '../../ui/format'
import { Histogram } from '../../ui/histogram'
import { Panel } from '../../ui/panel'
import { searchPath } from '../../ui/paths'
import { Recent } from '../../ui/recent'
import { Rests } from '../../ui/rests'
import { Answer } from '../../ui/state'
import { Tally } from '../../ui/tally'
import { Time } from '../../ui/time'
import { TimeRange } from '../../ui/timerange'
import { useSpan, type Span } from '../../ui/usespan'
import { Touchers } from './touchers'

/** An object: everyone who touched it, through what, how often, and when. */
export default function ObjectPage({ params }: PageProps) {
  const name = `${params.type ?? ''}/${params.id ?? ''}`
  const span = useSpan('all')
  const answer = useQuery({
    queryKey: ['object', name, span.from, span.to],
    queryFn: ({ signal }) => json<ReadingObject>('/api/v1/object', { params: { object: name, from: span.from, to: span.to }, signal }),
    staleTime: 60_000,
  })
  return (
    <div className="page">
      <div className="page-head">
        <h1 className="mono">{name}</h1>
        <Copy text={name} label="Copy the name of the object" />
        <div className="row push">
          {answer.data && (
            <Link className="button" to={searchPath(answer.data.query, span.from, span.to)}>
              Search its calls
            </Link>
          )}
          <TimeRange from={span.from} to={span.to} onChange={span.set} />
        </div>
      </div>
      <Answer query={answer} what={`who touched ${name}`}>
        {(data) => (data.calls === 0 ? <Nobody span={span} data={data} /> : <Shown data={data} span={span} />)}
      </Answer>
    </div>
  )
}

function Nobody({ span, data }: { span: Span; data: ReadingObject }) {
  return (
    <Panel title="Nobody touched it">
      <p>
        No call in this time named the object, and none that was looked at had it in its answer. Where only a part of an answer was looked at, the call says so.
      </p>
      {(span.from !== '' || span.to !== '') && (
        <p>
          <button type="button" className="button" onClick={() => span.set('all', '')}>
            Look at all time
          </button>
        </p>
      )}
      <Rests meta={data.meta} on="the view of objects" />
    </Panel>
  )
}

function Shown({ data, span }: { data: ReadingObject; span: Span }) {
  const apps = sum(data.touchers, (each) => [each.client ?? ''])
  const actions = new Map<string, number>()
  for (const each of data.touchers) for (const action of each.actions) actions.set(action.value, (actions.get(action.value) ?? 0) + action.count)
  const classes = [...new Set(data.touchers.flatMap((each) => each.data))].sort()
  const people = new Set(data.touchers.map((each) => each.principal || each.key || '')).size
  return (
    <>
      <Figures
        list={[
          { what: 'Calls', value: count(data.calls) },
          { what: 'Callers', value: count(people) },
          { what: 'Named it', value: count(data.asked), more: data.asked > 0 ? share(data.asked, data.calls) : '' },
          { what: 'Had it in the answer', value: count(data.calls - data.asked), more: data.calls > data.asked ? share(data.calls - data.asked, data.calls) : '' },
          data.first ? { what: 'First', value: <Time at={data.first} rough /> } : false,
          data.last ? { what: 'Newest', value: <Time at={data.last} rough /> } : false,
        ]}
      />
      <Panel title="When">
        <Histogram query={data.query} from={span.from || data.first || '24h'} to={span.to} onSelect={span.set} />
      </Panel>
      <Panel title={`Who touched it, through what (${count(data.touchers.length + (data.more ?? 0))})`} bare>
        <Touchers list={data.touchers} more={data.more ?? 0} query={data.query} span={span} />
      </Panel>
      <Panel title="How">
        <div className="tallies">
          <Tally
            title="Through which app"
            rows={[...apps].sort((a, b) => b[1] - a[1]).map(([client, n]) => ({
              key: client,
              label: client || 'no app is known',
              count: n,
              to: client ? `/who/${encodeURIComponent(client)}` : undefined,
            }))}
            empty="None."
          />
          <Tally
            title="What was done"
            rows={[...actions].sort((a, b) => b[1] - a[1]).map(([action, n]) => ({
              key: action,
              label: action || 'not known',
              count: n,
              to: action ? searchPath(and(data.query, `operation.action:=${action}`), span.from, span.to) : undefined,
            }))}
            empty="Nothing."
          />
          <section className="stack">
            <h3>Classes of data in those answers</h3>
            <Classes names={classes} none="None was found." />
            <p className="muted small">An answer can hold other objects, too: a class is that of the whole answer.</p>
          </section>
        </div>
      </Panel>
      <Recent query={data.query} from={span.from} to={span.to} title="Newest calls" />
      <Rests meta={data.meta} on="the view of objects" />
    </>
  )
}

function sum<T extends { calls: number }>(list: readonly T[], keys: (each: T) => string[]): Map<string, number> {
  const found = new Map<string, number>()
  for (const each of list) for (const key of keys(each)) found.set(key, (found.get(key) ?? 0) + each.calls)
  return found
}

