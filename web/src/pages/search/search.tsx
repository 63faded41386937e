import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useState } from 'react'
import { json } from '../../api/client'
import type { Result } from '../../api/model'
import { useKeys } from '../../app/keys'
import { usePlace } from '../../app/router'
import { and, cutPipes } from '../../ui/complete'
import { Histogram } from '../../ui/histogram'
import { QueryBar } from '../../ui/querybar'
import { TimeRange } from '../../ui/timerange'
import { ColumnsButton } from './columns'
import { ExportButton } from './export'
import { Facets } from './facets'
import { usePainted } from './painted'
import { Results, resultsQuery } from './results'
import { SavedButton } from './saved-button'
import { defaultFrom, useView, type View } from './view'
import './search.css'

export default function Search() {
  const client = useQueryClient()
  // Asked before the page is drawn for it, which takes some milliseconds. What is
  // there is not asked for again: its own query does that, if it is old.
  const ahead = useCallback((next: View) => void client.prefetchInfiniteQuery({ ...resultsQuery(next), staleTime: Infinity }), [client])
  const [view, set] = useView(ahead)
  const focus = new URLSearchParams(usePlace().query).has('focus')
  const [narrow, setNarrow] = useState(false)
  const [filter] = cutPipes(view.query)

  // What is looked for comes first: counts, which read much more of the index,
  // are asked for when it is on the screen.
  const { data: answered, isError } = useInfiniteQuery(resultsQuery(view))
  const counted = usePainted(answered !== undefined || isError)

  // A histogram of all time needs to know where that begins.
  const beginning = useQuery({
    queryKey: ['beginning', filter],
    enabled: view.from === '' && counted,
    queryFn: async ({ signal }) => {
      const found = await json<Result>('/api/v1/search', { params: { query: filter, order: 'oldest', limit: 1, payload: 'false' }, signal })
      return found.hits[0]?.header.arrived ?? ''
    },
  })
  const histogramFrom = view.from || beginning.data

  const again = () => {
    // Old counts are asked for anew when they are enabled again: with the rows.
    for (const key of ['histogram', 'facets', 'beginning']) void client.invalidateQueries({ queryKey: [key], refetchType: 'none' })
    void client.resetQueries({ queryKey: ['search'] })
  }
  useKeys([{ keys: 'r', what: 'Search again', group: 'Search', run: again }])

  const time = (from: string, to: string) => set({ from: from === defaultFrom ? '' : from, to })
  return (
    <div className="page fill search">
      <h1 className="hidden">Search</h1>
      <div className="row">
        <QueryBar value={view.query} onSubmit={(q) => (q === view.query ? again() : set({ q, focus: '' }))} label="Search the record" placeholder="Words, or field:value. For example who.email:alice outcome.status:>=400" autoFocus={focus} from={view.from || '30d'} />
        <TimeRange from={view.from} to={view.to} onChange={time} />
      </div>
      <div className="row">
        <button type="button" className="button facets-toggle" aria-expanded={narrow} onClick={() => setNarrow(!narrow)}>
          Narrow
        </button>
        <button type="button" className="button" onClick={() => set({ order: view.order === 'newest' ? 'oldest' : '' })}>
          {view.order === 'newest' ? 'Newest first' : 'Oldest first'}
        </button>
        <ColumnsButton columns={view.columns} onChange={(columns) => set({ columns: columns.join(',') })} />
        <SavedButton />
        <ExportButton view={view} />
        <button type="button" className="button" onClick={again} title="Search again (r)">
          Search again
        </button>
      </div>
      <div className={`search-body${narrow ? ' narrow' : ''}`}>
        {/* It scrolls, and has nothing to hold the focus while the counts are awaited. */}
        <aside className="facets" aria-label="Narrow the search" tabIndex={0}>
          <Facets enabled={counted} query={filter} from={view.from} to={view.to} onAdd={(term, not) => set({ q: and(view.query, term, not) })} />
        </aside>
        <div className="search-main">
          {histogramFrom !== undefined && histogramFrom !== '' && <Histogram enabled={counted} query={filter} from={histogramFrom} to={view.to} onSelect={time} />}
          <Results view={view} onWider={() => time('all', '')} />
        </div>
      </div>
    </div>
  )
}
