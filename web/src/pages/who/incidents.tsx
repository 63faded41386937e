import { useQuery } from '@tanstack/react-query'
import { json } from '../../api/client'
import type { AlertIncidents } from '../../api/types'
import { find } from '../../app/pages'
import { Link } from '../../app/router'
import { count, plural } from '../../ui/format'
import { Severity, stateWord } from '../../ui/incident'
import { Answer } from '../../ui/state'
import { Time } from '../../ui/time'
import type { Entity } from './entity'

const looked = 1000
const shown = 5

/** Incidents about it: findings together, as people work on them. */
export function Incidents({ entity }: { entity: Entity }) {
  const about = [...entity.names].join(',')
  const answer = useQuery({
    queryKey: ['incidents', about],
    queryFn: ({ signal }) => json<AlertIncidents>('/api/v1/incidents', { params: { about, limit: looked }, signal }),
    staleTime: 60_000,
  })
  return (
    <Answer query={answer} what="the incidents">
      {(data) => {
        const list = data.incidents
        if (list.length === 0) return <p>No incident is about it.</p>
        return (
          <>
            <p>{plural(list.length, 'incident')}:</p>
            <ul className="findings-list">
              {list.slice(0, shown).map((each) => (
                <li key={each.id}>
                  <Severity level={each.severity} />
                  <span>
                    {find(`/alerts/${each.id}`) ? <Link to={`/alerts/${each.id}`}>{each.title}</Link> : each.title}{' '}
                    <span className="muted small">
                      {stateWord(each.state)}, {plural(each.findings, 'finding')}
                      {each.assignee ? `, assigned to ${each.assignee}` : ''}
                    </span>
                  </span>
                  <Time at={each.changed} />
                </li>
              ))}
            </ul>
            {list.length > shown && <p className="muted small">and {count(list.length - shown)} older ones</p>}
          </>
        )
      }}
    </Answer>
  )
}
