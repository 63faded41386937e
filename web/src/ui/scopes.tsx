/** Scopes of a credential or an operation. */
export function Scopes({ list, tone = '', none = '' }: { list: readonly string[]; tone?: '' | 'warn' | 'bad' | 'good'; none?: string }) {
  if (list.length === 0) return <span className="muted">{none}</span>
  return (
    <span className="row tags">
      {list.map((scope) => (
        <span key={scope} className={`tag mono ${tone}`}>
          {scope}
        </span>
      ))}
    </span>
  )
}
