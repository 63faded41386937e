import { useQuery } from '@tanstack/react-query'
import { json } from '../../api/client'
import type { Facets } from '../../api/model'
import type { ReadingOperations, ReadingStats } from '../../api/types'
import type { PageProps } from '../../app/pages'
import { Link, useQuery as useAddress } from '../../app/router'
import { and, listTerm, term } from '../../ui/complete'
import { count } from '../../ui/format'
import { Histogram } from '../../ui/histogram'
import { Named } from '../../ui/named'
import { Panel } from '../../ui/panel'
import { searchPath, values, whoPath } from '../../ui/paths'
import { Recent } from '../../ui/recent'
import { InventoryRests, Rests } from '../../ui/rests'
import { Answer } from '../../ui/state'
import { Table } from '../../ui/table'
import { Tally, type TallyRow } from '../../ui/tally'
import { Time } from '../../ui/time'
import { TimeRange } from '../../ui/timerange'
import { useSpan, type Span } from '../../ui/usespan'

/** A class of data: who got it, through which apps and operations, and when. */
export default function DataPage({ params }: PageProps) {
  const name = params.class ?? ''
  const span = useSpan('7d')
  const [address, set] = useAddress()
  const received = address.get('way') === 'received'
  const query = listTerm(received ? 'received' : 'data', name)
  return (
    <div className="page">
      <div className="page-head">
        <h1>
          Class of data: <span className="mono">{name}</span>
        </h1>
        <div className="row push">
          <button type="button" className="button" aria-pressed={!received} onClick={() => set({ way: '' })}>
            In answers
          </button>
          <button type="button" className="button" aria-pressed={received} onClick={() => set({ way: 'received' })}>
            In requests
          </button>
          <Link className="button" to={searchPath(query, span.from, span.to)}>
            Search the calls
          </Link>
          <TimeRange from={span.from} to={span.to} onChange={span.set} />
        </div>
      </div>
      <p className="muted">Calls in whose {received ? 'request' : 'answer'} such data was found. Data is found by its form: what has another form, or was not looked at, is not here.</p>
      <Panel title="When">
        <Histogram query={query} from={span.from || '365d'} to={span.to} onSelect={span.set} />
      </Panel>
      <Getters query={query} span={span} received={received} />
      <How query={query} span={span} name={name} />
      {!received && <Operations name={name} />}
      <Recent query={query} from={span.from} to={span.to} title="Newest calls" />
    </div>
  )
}

const by = ['principal.id', 'principal.kind', 'principal.level', 'who.email', 'who.subject', 'credential.client']
const most = 200

function Getters({ query, span, received }: { query: string; span: Span; received: boolean }) {
  const answer = useQuery({
    queryKey: ['stats', query, by, span.from, span.to],
    queryFn: ({ signal }) => json<ReadingStats>('/api/v1/stats', { params: { query, by, limit: most, from: span.from, to: span.to }, signal }),
    staleTime: 60_000,
  })
  return (
    <Panel title={received ? 'Who sent it, through what' : 'Who got it, through what'} bare>
      <Answer query={answer} what="who got it">
        {(data) => (
          <>
            {data.rows.length === 0 ? (
              <p className="muted panel-line">Nobody in this time.</p>
            ) : (
              <Table label="Who got it" heads={['Who', 'Kind', 'Through', '#Calls']} foot={data.rows.length >= most && <span className="warn">Only the {most} with most calls are listed.</span>}>
                {data.rows.map((row, i) => {
                  const [principal = '', kind = '', level = '', email = '', subject = '', client = ''] = row.values
                  const verified = Number(level) >= 2
                  return (
                    <tr key={i}>
                      <td>
                        <Named principal={verified ? principal : ''} kind={kind} email={verified ? email : ''} subject={verified ? subject : ''} />
                      </td>
                      <td>{kind}</td>
                      <td>{client ? <Link to={whoPath(client)}>{client}</Link> : <span className="muted">no app is known</span>}</td>
                      <td className="num">
                        <Link to={searchPath(and(query, [term('principal.id', principal), term('credential.client', client), term('principal.kind', kind)].join(' ')), span.from, span.to)} title="Search these calls">
                          {count(row.count)}
                        </Link>
                      </td>
                    </tr>
                  )
                })}
              </Table>
            )}
            <div className="panel-line">
              <Rests meta={data.meta} />
            </div>
          </>
        )}
      </Answer>
    </Panel>
  )
}

const fields = ['operation.name', 'credential.client', 'operation.action', 'objects', 'data', 'principal.level'] as const

function How({ query, span, name }: { query: string; span: Span; name: string }) {
  const answer = useQuery({
    queryKey: ['facets', query, fields, span.from, span.to],
    queryFn: ({ signal }) => json<Facets>('/api/v1/facets', { params: { query, fields, limit: 100, from: span.from, to: span.to }, signal }),
    staleTime: 60_000,
  })
  const rows = (data: Facets, field: string): TallyRow[] =>
    (data.facets.find((facet) => facet.field === field)?.values ?? [])
      .filter((value) => value.value !== '')
      .slice(0, 10)
      .map((value) => ({ key: value.value, label: value.value, count: value.count, title: `${field} ${value.value}`, to: searchPath(and(query, term(field, value.value)), span.from, span.to) }))
  const listed = (data: Facets, field: string): TallyRow[] => {
    const sums = new Map<string, number>()
    for (const value of data.facets.find((facet) => facet.field === field)?.values ?? []) for (const each of values(value.value)) sums.set(each, (sums.get(each) ?? 0) + value.count)
    sums.delete(name)
    return [...sums].sort((a, b) => b[1] - a[1]).slice(0, 10).map(([value, n]) => ({ key: value, label: value, count: n, to: searchPath(and(query, listTerm(field, value)), span.from, span.to) }))
  }
  return (
    <Panel title="How">
      <Answer query={answer} what="how it was got">
        {(data) => (
          <>
            <div className="tallies">
              <Tally title="Operations" rows={rows(data, 'operation.name')} empty="None has a name." />
              <Tally title="Apps" rows={rows(data, 'credential.client')} empty="No app is known." />
              <Tally title="What was done" rows={rows(data, 'operation.action')} empty="Nothing." />
              <Tally title="With objects of type" rows={listed(data, 'objects')} empty="None was found." />
              <Tally title="Together with" rows={listed(data, 'data')} empty="No other class of data." />
            </div>
            <Rests meta={data.meta} />
          </>
        )}
      </Answer>
    </Panel>
  )
}

/** The operations that ever returned it, as the inventory has them. */
function Operations({ name }: { name: string }) {
  const answer = useQuery({
    queryKey: ['inventory', 'operations', { class: name }],
    queryFn: ({ signal }) => json<ReadingOperations>('/api/v1/inventory/operations', { params: { class: name }, signal }),
    staleTime: 60_000,
  })
  return (
    <Panel title="Operations that ever returned it" bare>
      <Answer query={answer} what="the operations">
        {(data) => (
          <>
            {data.operations.length === 0 ? (
              <p className="muted panel-line">None.</p>
            ) : (
              <Table label="Operations that returned it" heads={['Operation', 'API', '#Values', '#Calls with it', '#Callers', 'Needs', 'Last']}>
                {data.operations.map((op) => (
                  <tr key={`${op.api} ${op.id}`}>
                    <td>
                      <Link className="mono" to={`/inventory?${new URLSearchParams({ operation: `${op.api} ${op.id}` }).toString()}`}>
                        {op.id}
                      </Link>
                    </td>
                    <td>{op.api}</td>
                    <td className="num">{count(op.data?.[name]?.values ?? 0)}</td>
                    <td className="num">{count(op.data?.[name]?.count ?? 0)}</td>
                    <td className="num">
                      {op.callers.estimated ? 'about ' : ''}
                      {count(op.callers.count)}
                    </td>
                    <td>{op.requires === 'scopes' ? (op.scopes ?? []).join(', ') : op.requires === 'nothing' ? <span className="warn">nothing</span> : op.requires || 'not known'}</td>
                    <td><Time at={op.data?.[name]?.last ?? op.last} /></td>
                  </tr>
                ))}
              </Table>
            )}
            <div className="panel-line">
              <InventoryRests inventory={data.inventory} />
            </div>
          </>
        )}
      </Answer>
    </Panel>
  )
}
