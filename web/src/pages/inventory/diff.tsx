import type { CatalogChange, ReadingDiff } from '../../api/types'
import { Link } from '../../app/router'
import { useClock } from '../../app/time'
import { count, plural } from '../../ui/format'
import { Panel } from '../../ui/panel'
import { dataPath, whoPath } from '../../ui/paths'
import { InventoryRests } from '../../ui/rests'
import { Answer } from '../../ui/state'
import { Table } from '../../ui/table'
import { Time } from '../../ui/time'
import { TimeRange } from '../../ui/timerange'
import { useSpan } from '../../ui/usespan'
import { useInventory } from './ask'

const shown = 500

/** What is new in the inventory, or gone, between two times. */
export function Diff() {
  const span = useSpan('7d')
  const [clock] = useClock()
  const from = span.from || '2000-01-01'
  const answer = useInventory<ReadingDiff>('diff', { from, to: span.to })
  return (
    <Panel title="What changed" actions={<TimeRange from={span.from} to={span.to} onChange={span.set} />} bare>
      <Answer query={answer} what="the changes">
        {(data) => {
          const fresh = data.changes.filter((each) => each.new).length
          const begun = Date.parse(data.inventory.status.first)
          return (
            <>
              <p className="panel-line muted">
                {plural(fresh, 'thing')} seen for the first time between these times, {count(data.changes.length - fresh)} seen before and not since.
                {begun > 0 && ` The inventory begins at ${clock.stamp(data.inventory.status.first)}: what was first seen then may be older.`}
              </p>
              {data.changes.length > 0 && (
                <Table label="Changes" heads={['What', 'Kind', 'Change', 'In', 'API', '#Calls', 'First', 'Newest']} foot={data.changes.length > shown && <span className="warn">The first {count(shown)} of {count(data.changes.length)}: choose a shorter time.</span>}>
                  {data.changes.slice(0, shown).map((each, i) => (
                    <tr key={i}>
                      <td>
                        <Thing change={each} />
                      </td>
                      <td>{each.kind}</td>
                      <td>
                        <span className={`tag ${each.new ? 'info' : ''}`}>{each.new ? 'new' : 'gone'}</span>
                      </td>
                      <td>{each.what && <span className="mono">{each.id}</span>}</td>
                      <td>{each.api}</td>
                      <td className="num">{count(each.count)}</td>
                      <td><Time at={each.first} /></td>
                      <td><Time at={each.last} /></td>
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

function Thing({ change }: { change: CatalogChange }) {
  const name = change.what || change.id
  switch (change.kind) {
    case 'data':
      return <Link to={dataPath(name)}>{name}</Link>
    case 'app':
    case 'caller':
      return <Link to={whoPath(name)}>{name}</Link>
    case 'operation':
      if (change.api) return <Link className="mono" to={`/inventory?${new URLSearchParams({ operation: `${change.api} ${change.id}` }).toString()}`}>{change.id}</Link>
  }
  return <span className="mono">{name}</span>
}
