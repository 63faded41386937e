import { useId, type ReactNode } from 'react'

/** A part of a page with a heading. */
export function Panel({ title, actions, children, bare = false }: { title: ReactNode; actions?: ReactNode; children: ReactNode; bare?: boolean }) {
  const id = useId()
  return (
    <section className="panel" aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {actions && <div className="row push">{actions}</div>}
      </header>
      {bare ? children : <div className="body">{children}</div>}
    </section>
  )
}

/** Terms and what they are. Pairs without a value are left out. */
export function Pairs({ list }: { list: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="pairs">
      {list
        .filter(([, value]) => value !== undefined && value !== null && value !== '' && value !== false)
        .map(([term, value]) => (
          <div key={term} style={{ display: 'contents' }}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  )
}
