import type { Entry } from '../../api/model'
import { Link } from '../../app/router'
import { Time } from '../../ui/time'

/** An envelope that was erased, and by which decision. */
export function Gone({ record, name }: { record: Entry; name: string }) {
  const removal = record.removals?.find((each) => each.classes.includes(name))
  return (
    <p className="muted">
      Erased. The header still commits to what was here.
      {removal && (
        <>
          {' '}
          By the decision <Link to={`/call/${removal.decision}`}>{removal.name}</Link> at <Time at={removal.at} full />
          {removal.request ? `, for ${removal.request}` : ''}.
        </>
      )}
    </p>
  )
}
