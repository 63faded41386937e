import type { CatalogOperation, ReadingOperations } from '../../api/types'
import { Link } from '../../app/router'
import { count } from '../../ui/format'
import { Panel } from '../../ui/panel'
import { dataPath } from '../../ui/paths'
import { InventoryRests } from '../../ui/rests'
import { Answer } from '../../ui/state'
import { Table } from '../../ui/table'
import { Time } from '../../ui/time'
import { useInventory } from './ask'

export interface ClassSum {
  name: string
  /** Operations that returned it, and that received it. */
  returning: number
  receiving: number
  /** Calls with it in the answer, and values there. */
  calls: number
  values: number
  /** Of the operations that return it, those that answered strangers. */
  open: number
  last: string
}

/** Classes of data, summed over operations; most calls first. */
export function classesOf(operations: readonly CatalogOperation[]): ClassSum[] {
  const sums = new Map<string, ClassSum>()
  const of = (name: string) => {
    const found = sums.get(name) ?? { name, returning: 0, receiving: 0, calls: 0, values: 0, open: 0, last: '' }
    sums.set(name, found)
    return found
  }
  for (const op of operations) {
    for (const [name, tally] of Object.entries(op.data ?? {})) {
      const sum = of(name)
      sum.returning++
      sum.calls += tally.count
      sum.values += tally.values
      if (op.open.count > 0) sum.open++
      if (tally.last > sum.last) sum.last = tally.last
    }
    for (const [name, tally] of Object.entries(op.received ?? {})) {
      const sum = of(name)
      sum.receiving++
      if (tally.last > sum.last) sum.last = tally.last
    }
  }
  return [...sums.values()].sort((a, b) => b.calls - a.calls || a.name.localeCompare(b.name))
}

/** The classes of data that were found. */
export function ClassList() {
  const answer = useInventory<ReadingOperations>('operations', { limit: 5000 })
  return (
    <Panel title="Classes of data" bare>
      <Answer query={answer} what="the classes of data">
        {(data) => {
          const list = classesOf(data.operations)
          return (
            <>
              {list.length === 0 ? (
                <p className="muted panel-line">No sensitive data was found yet.</p>
              ) : (
                <Table label="Classes of data" heads={['Class', '#Calls with it in the answer', '#Values', '#Operations that return it', '#Of these answered strangers', '#That receive it', 'Newest']}>
                  {list.map((each) => (
                    <tr key={each.name}>
                      <td>
                        <Link to={dataPath(each.name)}>{each.name}</Link>
                      </td>
                      <td className="num">{count(each.calls)}</td>
                      <td className="num">{count(each.values)}</td>
                      <td className="num">{count(each.returning)}</td>
                      <td className={`num${each.open > 0 ? ' warn' : ''}`}>{count(each.open)}</td>
                      <td className="num">{count(each.receiving)}</td>
                      <td><Time at={each.last} /></td>
                    </tr>
                  ))}
                </Table>
              )}
              <div className="panel-line">
                <InventoryRests inventory={data.inventory}>Data is found by its form: what has another form, or was not looked at, is not here.</InventoryRests>
              </div>
            </>
          )
        }}
      </Answer>
    </Panel>
  )
}
