import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { json } from '../../api/client'
import type { Looks } from '../../api/model'
import { Link } from '../../app/router'
import { Panel } from '../../ui/panel'
import { Answer } from '../../ui/state'
import { Time } from '../../ui/time'

/** Who looked at this event: asked for only when somebody wants to know, because that is a look, too. */
export function LooksPanel({ number }: { number: number }) {
  const [open, setOpen] = useState(false)
  const looks = useQuery({ queryKey: ['looks', number], enabled: open, queryFn: ({ signal }) => json<Looks>(`/api/v1/events/${number}/looks`, { signal }) })
  return (
    <Panel title="Who looked at it">
      {!open ? (
        <div>
          <button type="button" className="button" onClick={() => setOpen(true)}>
            Show who looked
          </button>
        </div>
      ) : (
        <Answer query={looks} what="who looked">
          {(data) =>
            data.looks.length === 0 ? (
              <p className="muted">Nobody so far.</p>
            ) : (
              <ul className="related">
                {data.looks.map((look) => (
                  <li key={look.number}>
                    <Time at={look.at} />
                    <span>
                      {look.reader} <span className="muted">{look.action}{look.reason ? `: ${look.reason}` : ''}</span>
                    </span>
                    <Link to={`/call/${look.number}`}>look</Link>
                  </li>
                ))}
              </ul>
            )
          }
        </Answer>
      )}
    </Panel>
  )
}
