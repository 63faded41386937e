// What comes to the record beside the calls of the gateway: Go programs with the
// middleware, and logs of others that are followed.

import { useQuery } from '@tanstack/react-query'
import { json } from '../../api/client'
import type { EdgeState, SourceState, Sources } from '../../api/model'
import { bytes, count } from '../../ui/format'
import { Panel } from '../../ui/panel'
import { Answer, Empty } from '../../ui/state'
import { Table } from '../../ui/table'
import { Time } from '../../ui/time'

export function Elsewhere() {
  const sources = useQuery({ queryKey: ['sources'], queryFn: ({ signal }) => json<Sources>('/api/v1/sources', { signal }), refetchInterval: 5000 })
  return (
    <Panel title="From elsewhere">
      <Answer query={sources} what="what comes from elsewhere">
        {(s) =>
          s.edges.length + s.sources.length === 0 ? (
            <Empty title="Nothing comes from elsewhere">
              No Go program with the middleware has called since the start (<code>gatebook readers add NAME --role edge</code>), and no log of another is followed (
              <code>sources</code> in the configuration).
            </Empty>
          ) : (
            <>
              {s.edges.length > 0 && <Edges list={s.edges} />}
              {s.sources.length > 0 && <Logs list={s.sources} />}
            </>
          )
        }
      </Answer>
    </Panel>
  )
}

function Edges({ list }: { list: EdgeState[] }) {
  return (
    <Table label="Programs with the middleware" heads={['Program', '#Calls', '#Lost', 'Started', 'Last delivery', '#Lag']} as="part">
      {list.map((e) => (
        <tr key={e.name}>
          <td>{e.name}</td>
          <td className="num">{count(e.events)}</td>
          <td className={e.lost > 0 ? 'num bad' : 'num'}>{count(e.lost)}</td>
          <td>{e.joined ? <Time at={e.joined} /> : 'before this server'}</td>
          <td>{e.received && <Time at={e.received} />}</td>
          <td className="num nowrap">{e.received && `${e.lag.toFixed(1)} s`}</td>
        </tr>
      ))}
    </Table>
  )
}

function Logs({ list }: { list: SourceState[] }) {
  return (
    <Table label="Logs that are followed" heads={['Log', '#Events', '#Not read', '#Behind', 'Newest call', 'State']} as="part">
      {list.map((s) => (
        <tr key={s.name}>
          <td>
            {s.name} <span className="muted mono">{s.file}</span>
          </td>
          <td className="num">{count(s.events)}</td>
          <td className={s.skipped > 0 ? 'num bad' : 'num'}>{count(s.skipped)}</td>
          <td className="num nowrap">{bytes(s.behind)}</td>
          <td>{s.last && <Time at={s.last} />}</td>
          <td>{state(s)}</td>
        </tr>
      ))}
    </Table>
  )
}

function state(s: SourceState) {
  const last = s.problems?.at(-1)
  const faults = [s.problem, s.lost?.at(-1), last && `line ${last.line}: ${last.reason}`].filter(Boolean)
  return faults.length > 0 ? <span className="bad">{faults.join('; ')}</span> : (s.form ?? 'waiting for the first lines')
}
