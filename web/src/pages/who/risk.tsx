import { useQuery } from '@tanstack/react-query'
import { json } from '../../api/client'
import type { AlertFindings, LiveKept } from '../../api/types'
import { Link } from '../../app/router'
import { count, plural } from '../../ui/format'
import { Severity } from '../../ui/incident'
import { Panel } from '../../ui/panel'
import { Answer } from '../../ui/state'
import { Time } from '../../ui/time'
import type { Entity } from './entity'
import { Incidents } from './incidents'

const looked = 1000
const shown = 10

/** What the rules of detection found about it. */
export function Risk({ entity }: { entity: Entity }) {
  const about = [...entity.names].join(',')
  const answer = useQuery({
    queryKey: ['findings', about],
    queryFn: ({ signal }) => json<AlertFindings>('/api/v1/findings', { params: { about, limit: looked }, signal }),
    staleTime: 60_000,
  })
  return (
    <Panel title="Risk and alerts">
      <Incidents entity={entity} />
      <h3>Findings</h3>
      <Answer query={answer} what="what was found">
        {(data) => {
          const list = data.findings
          return (
            <>
              {list.length === 0 ? (
                <p>The rules of detection found nothing about it.</p>
              ) : (
                <>
                  <p>
                    {data.next ? `More than ${count(looked)} findings` : plural(list.length, 'finding')}; risk after the newest: <strong>{points(list[0])}</strong> points.
                  </p>
                  <ul className="findings-list">
                    {list.slice(0, shown).map(({ finding }) => (
                      <li key={finding.id}>
                        <Severity level={finding.level} />
                        <span>
                          {finding.title}{' '}
                          <span className="muted small">
                            {finding.rule}, {plural(finding.count, 'event')}, {points({ finding })} points
                            {finding.events[0] && (
                              <>
                                , <Link to={`/call/${finding.events.at(-1)?.number ?? finding.events[0].number}`}>newest call</Link>
                              </>
                            )}
                          </span>
                        </span>
                        <Time at={finding.at} />
                      </li>
                    ))}
                  </ul>
                  {list.length > shown && (
                    <p className="muted small">
                      and {data.next ? 'more than ' : ''}
                      {count(list.length - shown)} older ones
                    </p>
                  )}
                </>
              )}
              <p className="rests small muted">A finding is no evidence: the events that it names are.</p>
            </>
          )
        }}
      </Answer>
    </Panel>
  )
}

function points(kept: Pick<LiveKept, 'finding'> | undefined): string {
  return count(Math.round(kept?.finding.risk.total ?? 0))
}
