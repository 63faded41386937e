import { useQuery } from '@tanstack/react-query'
import { json } from '../../api/client'
import type { ReadingPerson } from '../../api/types'
import type { PageProps } from '../../app/pages'
import { Link } from '../../app/router'
import { Copy } from '../../ui/copy'
import { Figures } from '../../ui/figures'
import { count, plural, share } from '../../ui/format'
import { Histogram } from '../../ui/histogram'
import { Panel } from '../../ui/panel'
import { searchPath } from '../../ui/paths'
import { Recent } from '../../ui/recent'
import { Rests } from '../../ui/rests'
import { Answer } from '../../ui/state'
import { Time } from '../../ui/time'
import { TimeRange } from '../../ui/timerange'
import { useSpan, type Span } from '../../ui/usespan'
import { entityOf, facet } from './entity'
import { Habits } from './habits'
import { KnownAs } from './knownas'
import { Measures } from './measures'
import { Rights } from './rights'
import { Risk } from './risk'
import { Touched } from './touched'
import './who.css'

/** A person, a service, an app or a credential: what it did, and what it may. */
export default function WhoPage({ params }: PageProps) {
  const name = params.name ?? ''
  const span = useSpan('30d')
  const answer = useQuery({
    queryKey: ['who', name, span.from, span.to],
    queryFn: ({ signal }) => json<ReadingPerson>('/api/v1/who', { params: { principal: name, from: span.from, to: span.to }, signal }),
    staleTime: 60_000,
  })
  const entity = answer.data && entityOf(answer.data)
  return (
    <div className="page">
      <div className="page-head">
        <h1>{entity?.title ?? name}</h1>
        {entity && entity.sort !== 'Unknown' && <span className="tag">{entity.sort}</span>}
        <Copy text={name} label="Copy the name" />
        <div className="row push">
          {answer.data && (
            <Link className="button" to={searchPath(answer.data.query, span.from, span.to)}>
              Search the calls
            </Link>
          )}
          <TimeRange from={span.from} to={span.to} onChange={span.set} />
        </div>
      </div>
      <Answer query={answer} what={`what is known of ${name}`}>
        {(data) => (data.calls === 0 ? <Nothing data={data} span={span} /> : <Shown data={data} span={span} />)}
      </Answer>
    </div>
  )
}

function Nothing({ data, span }: { data: ReadingPerson; span: Span }) {
  return (
    <Panel title="No call is known under this name">
      <p>
        No call in this time has the pseudonym, subject, e-mail, name, app, key id or fingerprint <strong className="mono">{data.asked}</strong>. A name that calls only claimed is not looked for here.
      </p>
      <p className="row">
        {(span.from !== '' || span.to !== '') && (
          <button type="button" className="button" onClick={() => span.set('all', '')}>
            Look at all time
          </button>
        )}
        <Link className="button" to={searchPath(`who.claimed:=${JSON.stringify(data.asked)}`)}>
          Search for calls that claim it
        </Link>
      </p>
      <Rests meta={data.meta} />
    </Panel>
  )
}

function Shown({ data, span }: { data: ReadingPerson; span: Span }) {
  const entity = entityOf(data)
  const refused = facet(data.counts, 'outcome.status').reduce((sum, each) => sum + (Number(each.value) >= 400 ? each.count : 0), 0)
  return (
    <>
      <Figures
        list={[
          { what: 'Calls', value: count(data.calls), more: entity.claimed === 0 ? 'all verified' : '', tone: undefined },
          { what: 'Refused or failed', value: count(refused), more: refused > 0 ? share(refused, data.calls) : '', tone: refused > 0 ? 'warn' : undefined },
          { what: 'Apps', value: several(facet(data.counts, 'credential.client')) },
          { what: 'Addresses', value: several(facet(data.counts, 'who.address')) },
          data.first && { what: 'First call', value: <Link to={`/call/${data.first.number}`}><Time at={data.first.header.arrived ?? ''} rough /></Link> },
          data.last && { what: 'Newest call', value: <Link to={`/call/${data.last.number}`}><Time at={data.last.header.arrived ?? ''} rough /></Link> },
        ]}
      />
      {entity.claimed > 0 && (
        <div className="notice warn">
          {entity.verified === 0 ? 'None of these calls was verified' : `${count(entity.claimed)} of these calls were not verified`}: they showed this name, and nothing says that it is theirs.
        </div>
      )}
      {data.problems.length > 0 && <div className="notice bad">{plural(data.problems.length, 'record')} could not be shown: {data.problems[0]?.detail}</div>}
      <Panel title="When">
        <Histogram query={data.query} from={span.from || data.first?.header.arrived || '30d'} to={span.to} onSelect={span.set} />
      </Panel>
      <div className="columns">
        <KnownAs data={data} entity={entity} />
        <div className="stack">
          <Risk entity={entity} />
          <Measures data={data} entity={entity} />
        </div>
      </div>
      <Habits data={data} span={span} />
      <Touched data={data} span={span} />
      <Rights entity={entity} asked={data.asked} />
      <Recent query={data.query} from={span.from} to={span.to} title="Newest calls" />
      <Rests meta={data.meta} />
    </>
  )
}

/** How many values there are; of ten or more only the most frequent are counted. */
function several(values: readonly { value: string }[]): string {
  const n = values.filter((each) => each.value !== '').length
  return n >= 10 ? '10 or more' : count(n)
}
