import type { ReadingCredentials } from '../../api/types'
import { Link, useQuery as useAddress } from '../../app/router'
import { count } from '../../ui/format'
import { Level } from '../../ui/level'
import { short } from '../../ui/named'
import { Panel } from '../../ui/panel'
import { whoPath } from '../../ui/paths'
import { InventoryRests } from '../../ui/rests'
import { Scopes } from '../../ui/scopes'
import { Answer } from '../../ui/state'
import { Table } from '../../ui/table'
import { Time } from '../../ui/time'
import { most, useInventory } from './ask'
import type { Narrowed } from './narrowed'

/** The credentials: what they were granted and never needed, and those that are not used any more. */
export function Credentials({ text }: Narrowed) {
  const [params, set] = useAddress()
  const only = params.get('only') === '1'
  const answer = useInventory<ReadingCredentials>('credentials', { text, only, idle: '90d', limit: most })
  return (
    <Panel
      title="Credentials: granted and needed"
      actions={
        <button type="button" className="button" aria-pressed={only} onClick={() => set({ only: only ? '' : '1' })} title="Only those with scopes that nothing needed, and those that were not used for 90 days">
          Too much or idle
        </button>
      }
      bare
    >
      <Answer query={answer} what="the credentials">
        {(data) => (
          <>
            {data.credentials.length === 0 ? (
              <p className="muted panel-line">{only ? 'None has a scope that nothing needed, and none is idle.' : text ? 'None fits.' : 'No credential is known yet.'}</p>
            ) : (
              <Table label="Credentials" heads={['Credential', 'Of', 'App', 'At best', 'Granted', 'Of these never needed', '#Calls', '#Judged', 'Last used']} foot={data.inventory.total > data.credentials.length && <span className="warn">The {count(data.credentials.length)} with most calls of {count(data.inventory.total)}.</span>}>
                {data.credentials.map((each) => (
                  <tr key={each.id}>
                    <td>
                      {each.method}{' '}
                      {(each.fingerprint || each.key_id) && (
                        <Link className="mono" to={whoPath(each.fingerprint || each.key_id || '')} title={each.fingerprint}>
                          {short(each.fingerprint || each.key_id || '')}
                        </Link>
                      )}
                    </td>
                    <td>
                      {each.principal ? (
                        <Link className="mono" to={whoPath(each.principal)} title={each.principal}>
                          {short(each.principal)}
                        </Link>
                      ) : (
                        <span className="muted">not verified</span>
                      )}
                    </td>
                    <td>{each.client ? <Link to={whoPath(each.client)}>{each.client}</Link> : <span className="muted">none</span>}</td>
                    <td>
                      <Level level={each.level} />
                    </td>
                    <td>
                      <Scopes list={Object.keys(each.scopes.granted ?? {}).sort()} limit={4} none="none" />
                    </td>
                    <td>
                      <Scopes list={each.unused} tone="warn" none={each.scopes.judged === 0 ? 'cannot be told' : 'none'} />
                    </td>
                    <td className="num">{count(each.count)}</td>
                    <td className="num">{count(each.scopes.judged)}</td>
                    <td>
                      <Time at={each.last} /> {each.idle && <span className="tag warn">idle</span>}
                    </td>
                  </tr>
                ))}
              </Table>
            )}
            <div className="panel-line">
              <InventoryRests inventory={data.inventory}>A scope counts as needed if an operation that was called needs it; a call is judged if it is known what its operation needs. Idle is what was not used for 90 days.</InventoryRests>
            </div>
          </>
        )}
      </Answer>
    </Panel>
  )
}
