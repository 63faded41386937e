import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { json } from '../../api/client'
import type { SessionListed } from '../../api/model'
import { useMay } from '../../app/session'
import { Answer, Empty, Problem } from '../../ui/state'
import { Table } from '../../ui/table'
import { Time } from '../../ui/time'

/** Who is signed in: oneself, or for administrators everybody. */
export function Sessions() {
  const may = useMay()
  const all = may('accounts')
  const client = useQueryClient()
  const [error, setError] = useState<unknown>()
  const sessions = useQuery({ queryKey: ['sessions', all], queryFn: ({ signal }) => json<SessionListed[]>('/api/v1/sessions', { params: { all }, signal }) })
  const end = (id: string) => json(`/api/v1/sessions/${encodeURIComponent(id)}`, { method: 'DELETE' }).then(() => void client.invalidateQueries({ queryKey: ['sessions'] }), setError)
  return (
    <>
      <p className="muted">{all ? 'Everybody who is signed in.' : 'Where you are signed in.'} A session ends at once when its account is changed.</p>
      {error !== undefined && <Problem error={error} />}
      <Answer query={sessions} what="the sessions">
        {(list) =>
          list.length === 0 ? (
            <div className="panel">
              <Empty title="Nobody is signed in">You are here with a token.</Empty>
            </div>
          ) : (
            <Table label="Sessions" heads={['Who', 'By', 'From', 'Began', 'Last seen', 'Ends', '']} as="panel">
              {list.map((each) => (
                <tr key={each.id}>
                  <td>
                    {each.name} <span className="muted">{each.role}</span> {each.current && <span className="tag info">this one</span>}
                  </td>
                  <td>{each.method}</td>
                  <td>
                    <span className="mono">{each.address}</span> <span className="muted small">{each.agent}</span>
                  </td>
                  <td className="nowrap">
                    <Time at={each.began} />
                  </td>
                  <td className="nowrap">
                    <Time at={each.seen} />
                  </td>
                  <td className="nowrap">
                    <Time at={each.expires} />
                  </td>
                  <td className="num">
                    <button type="button" className="button small" onClick={() => void end(each.id)} aria-label={`End the session of ${each.name} that began ${each.began}`}>
                      End
                    </button>
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </Answer>
    </>
  )
}
