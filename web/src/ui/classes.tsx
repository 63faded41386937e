import { Link } from '../app/router'
import { dataPath } from './paths'

/** Classes of data, each with the way to its page. */
export function Classes({ names, none = '' }: { names: readonly string[]; none?: string }) {
  if (names.length === 0) return none ? <span className="muted">{none}</span> : null
  return (
    <span className="row tags classes">
      {names.map((name) => (
        <Link key={name} className="tag info" to={dataPath(name)}>
          {name}
        </Link>
      ))}
    </span>
  )
}
