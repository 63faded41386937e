import type { Entry } from '../api/model'
import { Code } from './copy'
import { advice } from './identify'

/** What would make the caller of a call known. Nothing if it is. */
export function Advice({ record }: { record: Entry }) {
  const found = advice(record)
  if (!found) return null
  return (
    <div className="stack">
      <p>
        {found.why} {found.what}
      </p>
      {found.lines && <Code text={found.lines} label={found.label ?? 'lines'} />}
      {found.label === 'lines for gatebook.yaml' && <p className="muted small">Then reload Gatebook: kill -HUP its process. Calls from then on are known; the record of this one stays as it is.</p>}
    </div>
  )
}
