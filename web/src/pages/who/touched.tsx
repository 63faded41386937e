import { useQuery } from '@tanstack/react-query'
import { json } from '../../api/client'
import type { ReadingPerson, ReadingStats, ReadingTouched } from '../../api/types'
import { Link } from '../../app/router'
import { Classes } from '../../ui/classes'
import { and, listTerm } from '../../ui/complete'
import { count } from '../../ui/format'
import { Panel } from '../../ui/panel'
import { dataPath, objectPath, searchPath, values, whoPath } from '../../ui/paths'
import { Rests } from '../../ui/rests'
import { Answer } from '../../ui/state'
import { Table } from '../../ui/table'
import { Tally } from '../../ui/tally'
import { Time } from '../../ui/time'
import type { Span } from '../../ui/usespan'

const listed = 15

/** The classes of data, and the objects, that the calls reached. */
export function Touched({ data, span }: { data: ReadingPerson; span: Span }) {
  const classes = useQuery({
    queryKey: ['stats', data.query, 'data', span.from, span.to],
    queryFn: ({ signal }) => json<ReadingStats>('/api/v1/stats', { params: { query: data.query, by: 'data', limit: 1000, from: span.from, to: span.to }, signal }),
    staleTime: 60_000,
  })
  const touched = useQuery({
    queryKey: ['touched', data.asked, span.from, span.to],
    queryFn: ({ signal }) => json<ReadingTouched>('/api/v1/touched', { params: { principal: data.asked, limit: listed, from: span.from, to: span.to }, signal }),
    staleTime: 60_000,
  })
  return (
    <Panel title="Data touched" bare>
      <div className="tallies touched-tallies">
        <Answer query={classes} what="the classes of data">
          {(found) => (
            <Tally
              title="Answers with data of the class"
              rows={classSums(found).map(([name, n]) => ({ key: name, label: name, count: n, to: dataPath(name) }))}
              empty="No sensitive data was found in the answers."
            />
          )}
        </Answer>
        <Answer query={touched} what="the types of objects">
          {(found) => (
            <Tally
              title="Objects by type"
              rows={found.types.map((each) => ({ key: each.value, label: each.value, count: each.count, title: `${each.value}: how often one was touched`, to: searchPath(and(data.query, listTerm('objects', each.value)), span.from, span.to) }))}
              empty="No object was found."
            />
          )}
        </Answer>
      </div>
      <Answer query={touched} what="the objects">
        {(found) =>
          found.objects.length === 0 ? null : (
            <>
              <Table
                label="Objects"
                heads={['Object', 'Through', '#Calls', '#Named it', 'Did', 'Data in the answers', 'First', 'Newest']}
                foot={
                  <span className="muted small">
                    {found.objects.length < found.distinct ? `The ${count(found.objects.length)} with most calls of ${count(found.distinct)} objects` : `All ${count(found.distinct)} objects`}
                    {found.more ? ', as far as the newest calls were looked at' : ''}.
                  </span>
                }
              >
                {found.objects.map((each) => (
                  <tr key={`${each.object} ${each.client ?? ''}`}>
                    <td>
                      <Link className="mono" to={objectPath(each.object)}>
                        {each.object}
                      </Link>
                    </td>
                    <td>{each.client ? <Link to={whoPath(each.client)}>{each.client}</Link> : <span className="muted">not known</span>}</td>
                    <td className="num">{count(each.calls)}</td>
                    <td className="num">{count(each.asked)}</td>
                    <td>{each.actions.map((action) => `${action.value || 'not known'}\u00a0${count(action.count)}`).join(', ')}</td>
                    <td>
                      <Classes names={each.data} />
                    </td>
                    <td><Time at={each.first} /></td>
                    <td><Time at={each.last} /></td>
                  </tr>
                ))}
              </Table>
              <div className="panel-line">
                <Rests meta={found.meta} on="the view of objects" />
              </div>
            </>
          )
        }
      </Answer>
    </Panel>
  )
}

/** How many calls had each class: a call with two counts for both. */
export function classSums(stats: ReadingStats): [string, number][] {
  const sums = new Map<string, number>()
  for (const row of stats.rows) for (const name of values(row.values[0] ?? '')) sums.set(name, (sums.get(name) ?? 0) + row.count)
  return [...sums].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]))
}
