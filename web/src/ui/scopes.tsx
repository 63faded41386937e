/** Scopes of a credential or an operation. */
export function Scopes({ list, tone = '', none = '', limit = 100 }: { list: readonly string[]; /** Those beyond are counted, and in the title. */ limit?: number; tone?: '' | 'warn' | 'bad' | 'good'; none?: string }) {
  if (list.length === 0) return none ? <span className="muted">{none}</span> : null
  return (
    <span className="row tags">
      {list.slice(0, limit).map((scope) => (
        <span key={scope} className={`tag mono ${tone}`}>
          {scope}
        </span>
      ))}
      {list.length > limit && (
        <span className="muted small" title={list.slice(limit).join(', ')}>
          and {list.length - limit} more
        </span>
      )}
    </span>
  )
}
