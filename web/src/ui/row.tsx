import { memo } from 'react'
import type { Entry } from '../api/model'
import { Link } from '../app/router'
import { duration, took } from './format'
import { classes, objects, Outcome, what, Who } from './record'
import { Time } from './time'
import './row.css'

/** A record in a line: when, who, what, on what, how it ended. */
export const EntryRow = memo(function EntryRow({ record, current }: { record: Entry; current: boolean }) {
  const { verb, name } = what(record)
  const { header } = record
  const data = classes(header)
  const spent = took(header)
  return (
    <Link to={`/call/${record.number}`} className={`list-row entry${current ? ' current' : ''}`} aria-current={current || undefined}>
      <Time at={header.arrived ?? ''} />
      <Who record={record} />
      <span className="entry-what">
        <span className="verb">{verb}</span> <span className="mono">{name}</span>
      </span>
      <span className="entry-objects muted">{objects(record)}</span>
      <span className="entry-data">
        {data[0] && (
          <span className="tag info" title={data.join(', ')}>
            {data[0]}
          </span>
        )}
        {data.length > 1 && <span className="small muted">+{data.length - 1}</span>}
      </span>
      <Outcome header={header} />
      <span className="num muted entry-took">{spent !== undefined && header.kind === 'access' && duration(spent)}</span>
    </Link>
  )
})

/** The heads of the columns of [EntryRow]. */
export function EntryHead({ zone }: { zone: string }) {
  return (
    <div className="list-row head entry" aria-hidden="true">
      <span title={`Times are in ${zone}`}>Time</span>
      <span>Who</span>
      <span>What</span>
      <span className="entry-objects">Objects</span>
      <span className="entry-data">Data</span>
      <span>Outcome</span>
      <span className="num entry-took">Took</span>
    </div>
  )
}
