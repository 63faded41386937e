import { Link } from '../app/router'
import { whoPath } from './paths'

export interface NamedProps {
  principal?: string | undefined
  kind?: string | undefined
  email?: string | undefined
  name?: string | undefined
  subject?: string | undefined
}

/** A principal as an answer names it, with the way to its page. Who was not verified is said to be so. */
export function Named({ principal, kind, email, name, subject }: NamedProps) {
  const shown = email || name || subject || (principal && short(principal))
  if (!principal && !shown) {
    const what = kind === 'anonymous' ? 'nobody named' : 'not verified'
    return (
      <span className="identity" title="The calls brought nothing that was verified. Who made them is not known.">
        <span className="name claim">{what}</span>
      </span>
    )
  }
  return (
    <span className="identity" title={[email, name, subject, principal].filter(Boolean).join(', ')}>
      <Link className="name" to={whoPath(principal || shown || '')}>
        {shown}
      </Link>
    </span>
  )
}

/** A pseudonym or fingerprint by its first characters. */
export function short(id: string): string {
  return id.length > 18 ? `${id.slice(0, 14)}…` : id
}
