import type { CatalogDeviation, ReadingDrift } from '../../api/types'
import { Link, useQuery as useAddress } from '../../app/router'
import { term } from '../../ui/complete'
import { count, plural } from '../../ui/format'
import { Panel } from '../../ui/panel'
import { searchPath } from '../../ui/paths'
import { InventoryRests } from '../../ui/rests'
import { Answer } from '../../ui/state'
import { Table } from '../../ui/table'
import { Time } from '../../ui/time'
import { useInventory } from './ask'

const kinds: Record<string, { tone: string; means: string }> = {
  shadow: { tone: 'bad', means: 'answered, and in no description' },
  open: { tone: 'bad', means: 'described as protected, and answered callers who were not verified' },
  zombie: { tone: 'warn', means: 'deprecated or replaced, and still called' },
  status: { tone: 'info', means: 'answers with a status that is not described' },
  unclassified: { tone: 'info', means: 'calls whose operation is not known' },
  unused: { tone: '', means: 'described, and never called' },
}

const order = Object.keys(kinds)

/** How descriptions and traffic differ. */
export function Drift() {
  const [params, set] = useAddress()
  const kind = params.get('kind') ?? ''
  const answer = useInventory<ReadingDrift>('drift')
  return (
    <Panel title="What differs from the descriptions" bare>
      <Answer query={answer} what="the differences">
        {(data) => {
          const counts = new Map<string, number>()
          for (const each of data.deviations) counts.set(each.kind, (counts.get(each.kind) ?? 0) + 1)
          const list = data.deviations.filter((each) => !kind || each.kind === kind).sort((a, b) => rank(a) - rank(b) || b.count - a.count)
          return (
            <>
              <div className="row panel-line">
                {order
                  .filter((each) => counts.has(each))
                  .map((each) => (
                    <button key={each} type="button" className="button" aria-pressed={kind === each} title={kinds[each]?.means} onClick={() => set({ kind: kind === each ? '' : each })}>
                      {each} {count(counts.get(each) ?? 0)}
                    </button>
                  ))}
                <span className="muted small">{plural(data.documented, 'operation is', 'operations are')} described. An API without a description is not compared.</span>
              </div>
              {list.length === 0 ? (
                <p className="muted panel-line">{data.documented === 0 ? 'No API has a description: name one at its route, as “api: {path: /openapi.json}”.' : 'Nothing differs.'}</p>
              ) : (
                <Table label="Differences" heads={['Operation', 'What', 'API', 'Detail', '#Calls', 'First', 'Newest']}>
                  {list.map((each) => (
                    <tr key={`${each.kind} ${each.api} ${each.id} ${each.detail}`}>
                      <td className="mono">{each.id}</td>
                      <td>
                        <span className={`tag ${kinds[each.kind]?.tone ?? ''}`} title={kinds[each.kind]?.means}>
                          {each.kind}
                        </span>
                      </td>
                      <td>{each.api}</td>
                      <td className="any">{each.detail}</td>
                      <td className="num">{each.count > 0 ? <Link to={searchPath(callsOf(each))}>{count(each.count)}</Link> : 0}</td>
                      <td>{each.count > 0 && <Time at={each.first} />}</td>
                      <td>{each.count > 0 && <Time at={each.last} />}</td>
                    </tr>
                  ))}
                </Table>
              )}
              <div className="panel-line">
                <InventoryRests inventory={data.inventory} />
              </div>
            </>
          )
        }}
      </Answer>
    </Panel>
  )
}

function rank(each: CatalogDeviation): number {
  const at = order.indexOf(each.kind)
  return at < 0 ? order.length : at
}

/** The query for the calls of a deviation: its id is a method and a route, or the name of an operation. */
function callsOf(each: CatalogDeviation): string {
  const [method = '', route] = each.id.split(' ')
  const parts = route ? [term('operation.method', method), term('operation.route', route)] : []
  return [term('capture.route', each.api), ...parts].join(' ')
}
