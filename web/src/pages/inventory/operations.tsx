import type { CatalogOperation, ReadingOperations } from '../../api/types'
import { Link, useQuery as useAddress } from '../../app/router'
import { Classes } from '../../ui/classes'
import { term } from '../../ui/complete'
import { Dialog } from '../../ui/dialog'
import { bytes, count } from '../../ui/format'
import { levelInfo } from '../../ui/level'
import { Pairs, Panel } from '../../ui/panel'
import { searchPath, whoPath } from '../../ui/paths'
import { InventoryRests } from '../../ui/rests'
import { Scopes } from '../../ui/scopes'
import { Answer } from '../../ui/state'
import { Table } from '../../ui/table'
import { Tally } from '../../ui/tally'
import { Time } from '../../ui/time'
import { keysOf, most, useInventory } from './ask'
import type { Narrowed } from './narrowed'

/** The operations of the APIs: who may and does call them, and what they return. */
export function Operations({ text, api }: Narrowed) {
  const [params, set] = useAddress()
  const open = params.get('open') === '1'
  const answer = useInventory<ReadingOperations>('operations', { text, api, open, limit: most })
  const chosen = params.get('operation')
  return (
    <Panel
      title="Operations"
      actions={
        <button type="button" className="button" aria-pressed={open} onClick={() => set({ open: open ? '' : '1' })} title="Only those that answered with success to callers who were not verified">
          Answered strangers
        </button>
      }
      bare
    >
      <Answer query={answer} what="the operations">
        {(data) => {
          const shown = data.operations.find((op) => `${op.api} ${op.id}` === chosen)
          return (
            <>
              {data.operations.length === 0 ? (
                <p className="muted panel-line">{open ? 'None answered a caller who was not verified.' : text || api ? 'None fits.' : 'No call was counted yet.'}</p>
              ) : (
                <Table label="Operations" heads={['Operation', 'API', '#Calls', '#Callers', 'Needs', 'Data in the answers', '#Strangers', 'Newest']} foot={data.inventory.total > data.operations.length && <span className="warn">The {count(data.operations.length)} with most calls of {count(data.inventory.total)}.</span>}>
                  {data.operations.map((op) => (
                    <tr key={`${op.api} ${op.id}`}>
                      <td>
                        <button type="button" className="linklike mono" onClick={() => set({ operation: `${op.api} ${op.id}` })} aria-haspopup="dialog">
                          {op.id}
                        </button>
                      </td>
                      <td>{op.api}</td>
                      <td className="num">
                        <Link to={searchPath(callsOf(op))}>{count(op.count)}</Link>
                      </td>
                      <td className="num">{distinct(op)}</td>
                      <td>
                        <Needs op={op} />
                      </td>
                      <td>
                        <Classes names={keysOf(op.data)} />
                      </td>
                      <td className={`num${op.open.count > 0 ? ' warn' : ''}`}>{count(op.open.count)}</td>
                      <td><Time at={op.last} /></td>
                    </tr>
                  ))}
                </Table>
              )}
              <div className="panel-line">
                <InventoryRests inventory={data.inventory} />
              </div>
              {shown && <Detail op={shown} onClose={() => set({ operation: '' })} />}
            </>
          )
        }}
      </Answer>
    </Panel>
  )
}

function distinct(op: CatalogOperation): string {
  return `${op.callers.estimated ? 'about ' : ''}${count(op.callers.count)}`
}

function Needs({ op }: { op: CatalogOperation }) {
  if (op.requires === 'scopes') return <Scopes list={op.scopes ?? []} />
  if (op.requires === 'nothing') return <span className="warn">nothing</span>
  if (op.requires === 'credential') return <>a credential</>
  return <span className="muted">not known</span>
}

const bases: Record<string, string> = { document: 'the API’s description', learned: 'the traffic', person: 'a person', protocol: 'the protocol' }

function Detail({ op, onClose }: { op: CatalogOperation; onClose: () => void }) {
  const calls = callsOf(op)
  const tally = (map: { [key: string]: { count: number } } | undefined, to?: (key: string) => string, label: (key: string) => string = (key) => key) =>
    keysOf(map)
      .slice(0, 12)
      .map((key) => ({ key, label: label(key) || 'not known', count: map?.[key]?.count ?? 0, to: to?.(key) }))
  return (
    <Dialog title={op.id} onClose={onClose}>
      <Pairs
        list={[
          ['API', op.api],
          ['Name', op.name],
          ['Does', op.action],
          ['Known from', bases[op.basis ?? '']],
          ['Needs', <Needs key="needs" op={op} />],
          ['Calls', <Link key="calls" to={searchPath(calls)}>{count(op.count)}</Link>],
          ['Answered with success', count(op.success.count)],
          ['Of these to strangers', <span key="open" className={op.open.count > 0 ? 'warn' : ''}>{count(op.open.count)}</span>],
          ['Callers', distinct(op)],
          ['Records returned', `${count(op.records)}${op.sampled ? `, counted in a sample of ${count(op.sample)} answers` : ''}`],
          ['Bytes', `${bytes(op.in)} in, ${bytes(op.out)} out`],
          ['First', <Time key="first" at={op.first} full />],
          ['Newest', <Time key="last" at={op.last} full />],
        ]}
      />
      <div className="tallies">
        <Tally title="Data in the answers (calls)" rows={tally(op.data, (key) => `/data/${encodeURIComponent(key)}`)} empty="None was found." />
        <Tally title="Data in the requests (calls)" rows={tally(op.received, (key) => `/data/${encodeURIComponent(key)}?way=received`)} empty="None was found." />
        <Tally title="Apps" rows={tally(op.apps, whoPath)} empty="No app is known." />
        <Tally title="How far callers were verified" rows={tally(op.levels, (key) => searchPath(`${calls} principal.level:=${key}`), (key) => `${key} ${levelInfo(Number(key)).word}`)} empty="None." />
        <Tally title="Statuses" rows={tally(op.statuses, (key) => searchPath(`${calls} ${term('outcome.status', key)}`))} empty="None." />
        <Tally title="Objects" rows={tally(op.objects)} empty="None was found." />
      </div>
    </Dialog>
  )
}

/** The query for the calls of an operation. */
export function callsOf(op: Pick<CatalogOperation, 'api' | 'method' | 'route' | 'name'>): string {
  const terms = [term('capture.route', op.api), op.method && term('operation.method', op.method), op.route ? term('operation.route', op.route) : op.name && term('operation.name', op.name)]
  return terms.filter(Boolean).join(' ')
}
