import { useQuery as useAnswer } from '@tanstack/react-query'
import { json } from '../../api/client'
import type { Looks } from '../../api/model'
import { Link, useQuery } from '../../app/router'
import { count, plural } from '../../ui/format'
import { Answer, Coverage, Empty } from '../../ui/state'
import { Table } from '../../ui/table'
import { Time } from '../../ui/time'

/** What a reader of the record looked at. To ask is a look, too. */
export function LooksOf() {
  const [params, set] = useQuery()
  const reader = params.get('reader') ?? ''
  const from = params.get('from') ?? '7d'
  const looks = useAnswer({ queryKey: ['looks-of', reader, from], enabled: reader !== '', queryFn: ({ signal }) => json<Looks>('/api/v1/looks', { params: { reader, from }, signal }) })
  return (
    <>
      <form
        className="row"
        role="search"
        onSubmit={(event) => {
          event.preventDefault()
          set({ reader: String(new FormData(event.currentTarget).get('reader') ?? '').trim() })
        }}
      >
        <input key={reader} className="input" style={{ maxWidth: 320 }} name="reader" defaultValue={reader} required placeholder="Name of the reader" aria-label="Name of the reader" autoComplete="off" />
        <select className="input" aria-label="Since" value={from} onChange={(event) => set({ from: event.target.value })}>
          <option value="24h">last day</option>
          <option value="7d">last 7 days</option>
          <option value="30d">last 30 days</option>
          <option value="365d">last year</option>
        </select>
        <button type="submit" className="button">
          Show what they looked at
        </button>
      </form>
      {reader === '' ? (
        <div className="panel">
          <Empty title="Whose looks?">Every search, view, export and proof is sealed before its answer is shown. Name a reader as their account or token names them; asking is sealed, too.</Empty>
        </div>
      ) : (
        <Answer query={looks} what="the looks">
          {(data) => (
            <>
              <Coverage meta={data.meta} />
              {data.looks.length === 0 ? (
                <div className="panel">
                  <Empty title={`${reader} looked at nothing in this time`} />
                </div>
              ) : (
                <Table label={`Looks of ${reader}`} heads={['When', 'What', 'Asked', '#Shown', 'From']} as="panel">
                  {data.looks.map((look) => (
                    <tr key={look.number}>
                      <td className="nowrap">
                        <Link to={`/call/${look.number}`}>
                          <Time at={look.at} full />
                        </Link>
                      </td>
                      <td>{look.action}</td>
                      <td>
                        {look.query && <span className="mono">{look.query}</span>}
                        {look.event && <span className="mono">{look.event}</span>}
                        {look.reason && <div className="muted">{look.reason}</div>}
                      </td>
                      <td className="num">{look.count ? count(look.count) : ''}</td>
                      <td>
                        {look.tool} <span className="muted mono">{look.address}</span>
                      </td>
                    </tr>
                  ))}
                </Table>
              )}
              {data.total > data.looks.length && <p className="muted">The newest {count(data.looks.length)} of {plural(data.total, 'look')}.</p>}
            </>
          )}
        </Answer>
      )}
    </>
  )
}
