import { useLayoutEffect, useRef, type ReactNode } from 'react'
import './table.css'

export interface TableProps {
  /** What it lists, for those who hear it. */
  label: string
  /** The heads of the columns; those that begin with # are of numbers, the empty one is of what can be done. */
  heads: readonly string[]
  /** The rows. The first cell says who or what a row is about. */
  children: ReactNode
  /** Below the last row. */
  foot?: ReactNode
  /** Where it stands: from edge to edge of a panel, among other things in one, or as a panel by itself. */
  as?: 'edge' | 'part' | 'panel'
  /** Of few columns that fit a phone as they are. */
  narrow?: boolean
}

/** Rows and columns. Where it is narrow, as on a phone, each row stands by itself, and each cell says of which column it is. */
export function Table({ label, heads, children, foot, as = 'edge', narrow = false }: TableProps) {
  const table = useRef<HTMLTableElement>(null)
  useLayoutEffect(() => (table.current ? named(table.current) : undefined), [])
  return (
    <>
      <div className={`scroll table-box${as === 'panel' ? ' panel' : ''}`} role="region" aria-label={`${label}: table`} tabIndex={0}>
        <table ref={table} className={`table ${as === 'panel' ? 'whole' : as}${narrow ? '' : ' cards'}`}>
          <thead>
            <tr>
              {heads.map((name) => (
                <th key={name} scope="col" className={name.startsWith('#') ? 'num' : undefined}>
                  {name ? name.replace(/^#/, '') : <span className="hidden">Actions</span>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{children}</tbody>
        </table>
      </div>
      {foot && <div className="row table-foot">{foot}</div>}
    </>
  )
}

/**
 * Writes into each cell of which column it is, as table.css wants it, and says
 * what each part is: a table that is not laid out as one is not heard as one.
 */
function named(table: HTMLTableElement): () => void {
  const write = () => {
    const heads = [...(table.tHead?.rows[0]?.cells ?? [])].map((cell) => cell.innerText)
    for (const row of table.tBodies[0]?.rows ?? []) {
      row.setAttribute('role', 'row')
      for (const [i, cell] of [...row.cells].entries()) {
        cell.setAttribute('role', 'cell')
        cell.dataset.column = heads[i] ?? ''
      }
    }
  }
  table.setAttribute('role', 'table')
  for (const part of [table.tHead, table.tBodies[0]]) part?.setAttribute('role', 'rowgroup')
  for (const row of table.tHead?.rows ?? []) {
    row.setAttribute('role', 'row')
    for (const cell of row.cells) cell.setAttribute('role', 'columnheader')
  }
  write()
  const changes = new MutationObserver(write)
  changes.observe(table, { childList: true, subtree: true })
  return () => changes.disconnect()
}
