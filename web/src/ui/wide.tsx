import type { ReactNode } from 'react'
import './wide.css'

/** A table that is wider than a phone: it scrolls by itself. The first column is who or what a row is about. */
export function Wide({ label, head, children, foot }: { label: string; head: ReactNode; children: ReactNode; foot?: ReactNode }) {
  return (
    <>
      <div className="scroll" role="region" aria-label={`${label}: table`} tabIndex={0}>
        <table className="table wide">
          <thead>
            <tr>{head}</tr>
          </thead>
          <tbody>{children}</tbody>
        </table>
      </div>
      {foot && <div className="row wide-foot">{foot}</div>}
    </>
  )
}

/** The heads of the columns; those that begin with # are of numbers. */
export function Heads({ names }: { names: readonly string[] }) {
  return names.map((name) => (
    <th key={name} scope="col" className={name.startsWith('#') ? 'num' : undefined}>
      {name.replace(/^#/, '')}
    </th>
  ))
}
