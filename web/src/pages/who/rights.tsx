import { useQuery } from '@tanstack/react-query'
import { json } from '../../api/client'
import type { ReadingCredentials, ReadingPrivilege } from '../../api/types'
import { Link } from '../../app/router'
import { count } from '../../ui/format'
import { short } from '../../ui/named'
import { Panel } from '../../ui/panel'
import { whoPath } from '../../ui/paths'
import { InventoryRests } from '../../ui/rests'
import { Scopes } from '../../ui/scopes'
import { Answer } from '../../ui/state'
import { Table } from '../../ui/table'
import { Time } from '../../ui/time'
import type { Entity } from './entity'

/** What its credentials may do, and what of that no call ever needed. */
export function Rights({ entity, asked }: { entity: Entity; asked: string }) {
  const narrowed = entity.sort === 'App' ? { app: asked } : entity.sort === 'Credential' || entity.principals.length !== 1 ? {} : { text: entity.principals[0] }
  const answer = useQuery({
    queryKey: ['inventory', 'credentials', narrowed],
    queryFn: ({ signal }) => json<ReadingCredentials>('/api/v1/inventory/credentials', { params: { ...narrowed, limit: 5000 }, signal }),
    staleTime: 60_000,
  })
  const own = (each: ReadingPrivilege) => [each.fingerprint, each.key_id, each.client, each.principal].includes(asked) || (entity.sort !== 'App' && entity.sort !== 'Credential' && entity.principals.includes(each.principal ?? ''))
  return (
    <Panel title="Permissions: granted and needed" bare>
      <Answer query={answer} what="the permissions">
        {(data) => {
          const list = data.credentials.filter(own)
          return (
            <>
              {list.length === 0 ? (
                <p className="muted panel-line">The inventory knows no credential of it.</p>
              ) : (
                <Table label="Permissions" heads={['Credential', 'App', 'Granted', 'Of these never needed', '#Calls', '#Judged', 'Last used']}>
                  {list.slice(0, 100).map((each) => (
                    <tr key={each.id}>
                      <td>
                        {each.method}{' '}
                        {(each.fingerprint || each.key_id) && (
                          <Link className="mono" to={whoPath(each.fingerprint || each.key_id || '')} title={each.fingerprint}>
                            {short(each.fingerprint || each.key_id || '')}
                          </Link>
                        )}
                      </td>
                      <td>{each.client ? <Link to={whoPath(each.client)}>{each.client}</Link> : <span className="muted">none</span>}</td>
                      <td>
                        <Scopes list={Object.keys(each.scopes.granted ?? {}).sort()} none="none" />
                      </td>
                      <td>
                        <Scopes list={each.unused} tone="warn" none={each.scopes.judged === 0 ? 'cannot be told' : 'none'} />
                      </td>
                      <td className="num">{count(each.count)}</td>
                      <td className="num">{count(each.scopes.judged)}</td>
                      <td><Time at={each.last} /></td>
                    </tr>
                  ))}
                </Table>
              )}
              <div className="panel-line">
                <InventoryRests inventory={data.inventory}>All time. A scope counts as needed if an operation that was called needs it; a call is judged if it is known what its operation needs.{list.length > 100 ? ` ${count(list.length - 100)} more are not listed.` : ''}</InventoryRests>
              </div>
            </>
          )
        }}
      </Answer>
    </Panel>
  )
}
