import type { ReadingCallers } from '../../api/types'
import { Link } from '../../app/router'
import { Classes } from '../../ui/classes'
import { bytes, count } from '../../ui/format'
import { Level } from '../../ui/level'
import { Named } from '../../ui/named'
import { Panel } from '../../ui/panel'
import { whoPath } from '../../ui/paths'
import { InventoryRests } from '../../ui/rests'
import { Answer } from '../../ui/state'
import { Table } from '../../ui/table'
import { Time } from '../../ui/time'
import { keysOf, most, useInventory } from './ask'
import type { Narrowed } from './narrowed'

/** The principals that call. */
export function Callers({ text }: Narrowed) {
  const answer = useInventory<ReadingCallers>('callers', { text, limit: most })
  return (
    <Panel title="Callers" bare>
      <Answer query={answer} what="the callers">
        {(data) => (
          <>
            {data.callers.length === 0 ? (
              <p className="muted panel-line">{text ? 'None fits. An id is a pseudonym: look for names in the search.' : 'No caller was verified yet.'}</p>
            ) : (
              <Table label="Callers" heads={['Who', 'Kind', 'At best', '#Calls', '#Operations', 'Apps', 'Data in the answers', '#Bytes out', 'First', 'Newest']} foot={data.inventory.total > data.callers.length && <span className="warn">The {count(data.callers.length)} with most calls of {count(data.inventory.total)}.</span>}>
                {data.callers.map((each) => (
                  <tr key={each.id}>
                    <td>
                      <Named principal={each.id} name={each.name} />
                    </td>
                    <td>{each.kind}</td>
                    <td>
                      <Level level={each.level} />
                    </td>
                    <td className="num">{count(each.count)}</td>
                    <td className="num">{count(keysOf(each.operations).length)}</td>
                    <td>
                      <AppLinks names={keysOf(each.apps)} />
                    </td>
                    <td>
                      <Classes names={keysOf(each.data)} />
                    </td>
                    <td className="num nowrap">{bytes(each.out)}</td>
                    <td><Time at={each.first} /></td>
                    <td><Time at={each.last} /></td>
                  </tr>
                ))}
              </Table>
            )}
            <div className="panel-line">
              <InventoryRests inventory={data.inventory}>Names are those of the newest call, where the record still has them{data.callers.length > 50 ? ', for the first 50' : ''}.</InventoryRests>
            </div>
          </>
        )}
      </Answer>
    </Panel>
  )
}

/** The first apps of a list. */
function AppLinks({ names }: { names: string[] }) {
  return (
    <>
      {names.slice(0, 3).map((name, i) => (
        <span key={name}>
          {i > 0 && ', '}
          <Link to={whoPath(name)}>{name}</Link>
        </span>
      ))}
      {names.length > 3 && <span className="muted"> and {count(names.length - 3)} more</span>}
    </>
  )
}
