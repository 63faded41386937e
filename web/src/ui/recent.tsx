import { useQuery } from '@tanstack/react-query'
import { json } from '../api/client'
import type { Result } from '../api/model'
import { Link } from '../app/router'
import { useClock } from '../app/time'
import { Panel } from './panel'
import { searchPath } from './paths'
import { EntryHead, EntryRows } from './row'
import { Answer } from './state'
import './recent.css'

/** The newest calls that a query finds, and the way to the others. */
export function Recent({ query, from, to, title, limit = 12 }: { query: string; from: string; to: string; title: string; limit?: number }) {
  const [clock] = useClock()
  const found = useQuery({
    queryKey: ['recent', query, from, to, limit],
    queryFn: ({ signal }) => json<Result>('/api/v1/search', { params: { query, from, to, limit, payload: 'false' }, signal }),
    staleTime: 30_000,
  })
  return (
    <Panel title={title} actions={<Link to={searchPath(query, from, to)}>Search all</Link>} bare>
      <Answer query={found} what="the newest calls">
        {(result) =>
          result.hits.length === 0 ? (
            <p className="muted recent-none">None in this time.</p>
          ) : (
            <div className="recent">
              <EntryHead zone={clock.zone} />
              <EntryRows records={result.hits} />
            </div>
          )
        }
      </Answer>
    </Panel>
  )
}
