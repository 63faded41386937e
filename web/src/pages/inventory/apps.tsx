import type { CatalogScopeUse, ReadingApps } from '../../api/types'
import { Link } from '../../app/router'
import { Classes } from '../../ui/classes'
import { bytes, count } from '../../ui/format'
import { Panel } from '../../ui/panel'
import { whoPath } from '../../ui/paths'
import { InventoryRests } from '../../ui/rests'
import { Scopes } from '../../ui/scopes'
import { Answer } from '../../ui/state'
import { Table } from '../../ui/table'
import { Time } from '../../ui/time'
import { keysOf, most, useInventory } from './ask'
import type { Narrowed } from './narrowed'

/** The apps: OAuth clients, and other programs with credentials of their own. */
export function Apps({ text }: Narrowed) {
  const answer = useInventory<ReadingApps>('apps', { text, limit: most })
  return (
    <Panel title="Apps" bare>
      <Answer query={answer} what="the apps">
        {(data) => (
          <>
            {data.apps.length === 0 ? (
              <p className="muted panel-line">{text ? 'None fits.' : 'No app is known yet.'}</p>
            ) : (
              <Table label="Apps" heads={['App', '#Calls', '#Acts for', '#Operations', 'Granted', 'Data in the answers', '#Bytes out', 'First', 'Newest']} foot={data.inventory.total > data.apps.length && <span className="warn">The {count(data.apps.length)} with most calls of {count(data.inventory.total)}.</span>}>
                {data.apps.map((each) => (
                  <tr key={each.id}>
                    <td>
                      <Link to={whoPath(each.id)}>{each.id}</Link>
                    </td>
                    <td className="num">{count(each.count)}</td>
                    <td className="num">
                      {each.callers.estimated ? 'about ' : ''}
                      {count(each.callers.count)}
                    </td>
                    <td className="num">{count(keysOf(each.operations).length)}</td>
                    <td>
                      <Granted use={each.scopes} />
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
              <InventoryRests inventory={data.inventory} />
            </div>
          </>
        )}
      </Answer>
    </Panel>
  )
}

function Granted({ use }: { use: CatalogScopeUse }) {
  return <Scopes list={Object.keys(use.granted ?? {}).sort()} limit={4} none="none" />
}
