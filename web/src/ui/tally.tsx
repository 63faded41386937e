import type { ReactNode } from 'react'
import { Link } from '../app/router'
import { count } from './format'
import './tally.css'

export interface TallyRow {
  key: string
  label: ReactNode
  count: number
  to?: string | undefined
  title?: string | undefined
}

/** Values with how often each was seen: the number says it, the bar shows it. */
export function Tally({ title, rows, empty, more }: { title: ReactNode; rows: readonly TallyRow[]; empty: string; more?: ReactNode }) {
  const most = Math.max(1, ...rows.map((row) => row.count))
  return (
    <section className="tally">
      <h3>{title}</h3>
      {rows.length === 0 ? (
        <p className="muted">{empty}</p>
      ) : (
        <ol>
          {rows.map((row) => (
            <li key={row.key} title={row.title}>
              <span className="tally-bar" style={{ width: `${(row.count / most) * 100}%` }} aria-hidden="true" />
              <span className="tally-label">{row.to ? <Link to={row.to}>{row.label}</Link> : row.label}</span>
              <span className="tally-count">{count(row.count)}</span>
            </li>
          ))}
        </ol>
      )}
      {more && <p className="muted small">{more}</p>}
    </section>
  )
}
