import type { ReactNode } from 'react'
import type { Meta } from '../api/model'
import type { ReadingInventory } from '../api/types'
import { count } from './format'
import { Time } from './time'

/** What the counts of an answer rest on, and how far that reaches. */
export function Rests({ meta, on = 'the search index', children }: { meta: Meta; on?: string; children?: ReactNode }) {
  const missing = meta.sealed - meta.indexed
  const down = meta.index !== 'up' && !meta.index.startsWith('behind')
  return (
    <p className={`rests small ${down ? 'warn' : 'muted'}`}>
      Counted in {on}, which has {missing > 0 ? `${count(meta.indexed)} of ${count(meta.sealed)} sealed records: ${missing === 1 ? '1 newer one is' : `${count(missing)} newer ones are`} not counted yet` : `all ${count(meta.sealed)} sealed records`}
      {down ? ` (index ${meta.index})` : ''}. A count is no evidence; each call is.
      {meta.note && ` ${meta.note.slice(0, 1).toUpperCase()}${meta.note.slice(1)}.`} {children}
    </p>
  )
}

/** What the inventory rests on. */
export function InventoryRests({ inventory, children }: { inventory: ReadingInventory; children?: ReactNode }) {
  const { status, sealed } = inventory
  const missing = Math.max(0, sealed - status.next)
  const dropped = Object.entries(status.dropped).filter(([, n]) => n)
  return (
    <p className="rests small muted">
      Counted from the headers of {count(status.calls)} calls
      {status.calls > 0 && (
        <>
          , <Time at={status.first} /> to <Time at={status.last} />
        </>
      )}
      {missing > 0 ? `; ${count(missing)} of ${count(sealed)} sealed records are not counted yet` : ''}. A count is no evidence; each call is.
      {dropped.length > 0 && <span className="warn"> Not all is listed, to stay within the memory: {dropped.map(([name, n]) => `${count(n ?? 0)} ${name}`).join(', ')} were left out.</span>} {children}
    </p>
  )
}
