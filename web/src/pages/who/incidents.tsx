import { useQuery } from '@tanstack/react-query'
import { json } from '../../api/client'
import type { AlertIncidents } from '../../api/types'
import { find } from '../../app/pages'
import { Link } from '../../app/router'
import { count, plural } from '../../ui/format'
import { Answer } from '../../ui/state'
import { Time } from '../../ui/time'
import type { Entity } from './entity'
import { tones } from './risk'

const looked = 1000
const shown = 5

/** Incidents about it: findings together, as people work on them. */
export function Incidents({ entity }: { entity: Entity }) {
  const answer = useQuery({
    queryKey: ['incidents', looked],
    queryFn: ({ signal }) => json<AlertIncidents>('/api/v1/incidents', { params: { limit: looked }, signal }),
    staleTime: 60_000,
  })
  return (
    <Answer query={answer} what="the incidents">
      {(data) => {
        const list = data.incidents.filter((each) => each.entity.some((value) => entity.names.has(value.value)))
        if (list.length === 0) return <p>No incident is about it{data.incidents.length >= looked ? ` among the ${count(looked)} that changed last` : ''}.</p>
        return (
          <>
            <p>{plural(list.length, 'incident')}:</p>
            <ul className="findings-list">
              {list.slice(0, shown).map((each) => (
                <li key={each.id}>
                  <span className={`tag ${tones[each.severity] ?? ''}`}>{each.severity}</span>
                  <span>
                    {find(`/alerts/${each.id}`) ? <Link to={`/alerts/${each.id}`}>{each.title}</Link> : each.title}{' '}
                    <span className="muted small">
                      {each.state}, {plural(each.findings, 'finding')}
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
