import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { json } from '../../api/client'
import type { Entry, Result } from '../../api/model'
import { address, Link } from '../../app/router'
import { term } from '../../ui/complete'
import { Panel } from '../../ui/panel'
import { Outcome, what } from '../../ui/record'
import { Answer, Loading } from '../../ui/state'
import { Tabs } from '../../ui/tabs'
import { Time } from '../../ui/time'

const around = 10 * 60_000

/** Calls that have something in common with this one, in the minutes around it. */
export function RelatedPanel({ record }: { record: Entry }) {
  const { header } = record
  const kinds = [
    { id: 'trace', title: 'Trace', field: 'trace.id', value: header.trace?.id },
    { id: 'session', title: 'Session', field: 'operation.session', value: header.operation?.session },
    { id: 'credential', title: 'Credential', field: 'credential.fingerprint', value: header.credential?.fingerprint },
    { id: 'principal', title: 'Principal', field: 'principal.id', value: header.principal?.id },
    { id: 'address', title: 'Address', field: 'who.address', value: record.who?.address },
  ].filter((kind) => kind.value)
  const [tab, setTab] = useState('')
  const at = new Date(header.arrived ?? 0).getTime()
  const span = { from: new Date(at - around).toISOString(), to: new Date(at + around).toISOString() }
  const ask = (kind: (typeof kinds)[number]) => related(`${term(kind.field, kind.value ?? '')} kind:=access`, span)
  const client = useQueryClient()
  // What is shown first is the closest that there is: most calls are alone in their trace.
  const first = useQuery({
    queryKey: ['related', record.number],
    enabled: kinds.length > 0,
    queryFn: async () => {
      for (const kind of kinds) if (others(await client.fetchQuery(ask(kind)), record.number).length > 0) return kind.id
      return kinds[0]?.id ?? ''
    },
    staleTime: 60_000,
  })
  // If that cannot be asked, the first says why.
  const chosen = tab || (first.isError ? kinds[0]?.id : first.data)
  const current = kinds.find((kind) => kind.id === chosen)
  if (kinds.length === 0) return null
  return (
    <Panel title="Related calls" actions={current && <Link to={address('/search', { q: term(current.field, current.value ?? ''), ...span })}>Search these</Link>}>
      <Tabs tabs={kinds.map((kind) => ({ id: kind.id, title: `Same ${kind.title.toLowerCase()}` }))} current={current?.id ?? ''} onChange={setTab} label="What the calls have in common">
        {current?.id === 'trace' && <p className="muted">That they are of one trace is what their callers said. Nothing proves it.</p>}
        {current ? <Calls key={current.id} asked={ask(current)} not={record.number} /> : <Loading what="related calls" />}
      </Tabs>
    </Panel>
  )
}

const related = (query: string, span: { from: string; to: string }) =>
  queryOptions({
    queryKey: ['related', query, span.from],
    queryFn: ({ signal }) => json<Result>('/api/v1/search', { params: { query, ...span, limit: 13, payload: 'false' }, signal }),
    staleTime: 60_000,
  })

const others = (result: Result, not: number): Entry[] => result.hits.filter((hit) => hit.number !== not).slice(0, 12)

function Calls({ asked, not }: { asked: ReturnType<typeof related>; not: number }) {
  const found = useQuery(asked)
  return (
    <Answer query={found} what="related calls">
      {(result) => {
        const list = others(result, not)
        if (list.length === 0) return <p className="muted">None in the ten minutes before and after.</p>
        return (
          <ul className="related">
            {list.map((hit) => (
              <li key={hit.number}>
                <Time at={hit.header.arrived ?? ''} />
                <Link to={`/call/${hit.number}`} className="mono">
                  {what(hit).verb} {what(hit).name}
                </Link>
                <Outcome header={hit.header} />
              </li>
            ))}
          </ul>
        )
      }}
    </Answer>
  )
}
