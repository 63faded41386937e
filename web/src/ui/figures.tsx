import type { ReactNode } from 'react'
import './figures.css'

export interface Figure {
  /** What it is. */
  what: string
  /** The figure, with its unit. */
  value: ReactNode
  /** Beside it, smaller. */
  more?: ReactNode
  /** It is a name, not a figure. */
  text?: boolean
  tone?: 'good' | 'warn' | 'bad' | undefined
}

/** What matters most on a page, at its head: figures that are read at a glance. */
export function Figures({ list }: { list: readonly (Figure | false | undefined)[] }) {
  return (
    <dl className="panel figures">
      {list.map(
        (each) =>
          each && (
            <div key={each.what}>
              <dt>{each.what}</dt>
              <dd className={each.tone}>
                <span className={each.text ? 'figure text' : 'figure'}>{each.value}</span>
                {each.more !== undefined && each.more !== '' && <span className="muted small">{each.more}</span>}
              </dd>
            </div>
          ),
      )}
    </dl>
  )
}
