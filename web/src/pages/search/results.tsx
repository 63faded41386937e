import { infiniteQueryOptions, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useCallback, useMemo, useRef } from 'react'
import { Joined, packed, type Listed } from '../../api/listed'
import type { Entry, Meta, Result } from '../../api/model'
import { fieldsQuery } from '../../api/queries'
import { useClock, type Clock } from '../../app/time'
import { Attribute, make, Words } from '../../ui/dom'
import { Entries } from '../../ui/entries'
import { Moment } from '../../ui/entryview'
import { fieldText } from '../../ui/fields'
import { count, duration, plural } from '../../ui/format'
import { rowHeight, Rows as List } from '../../ui/rows'
import { ahead, type View } from '../../ui/sheet'
import { Coverage, Empty, Loading, Problem } from '../../ui/state'
import type { View as Asked } from './view'

/** What is above the rows takes that many pixels at least. */
const above = 160

/** Rows of the first page: a screen full of them is there soonest, and more are asked for as they are scrolled. */
const firstPage = () => Math.ceil((window.innerHeight - above) / rowHeight) + ahead

/** Rows of those after it. */
const nextPage = 1000

/** The answer to a search, page by page. */
export const resultsQuery = (view: Asked) =>
  infiniteQueryOptions({
    queryKey: ['search', view.query, view.from, view.to, view.order],
    initialPageParam: '',
    queryFn: async ({ pageParam, signal }) => {
      const { list, rest } = await packed<Entry, Result>('/api/v1/search', 'hits', { params: { query: view.query, from: view.from, to: view.to, order: view.order, limit: pageParam === '' ? firstPage() : nextPage, cursor: pageParam, payload: 'false' }, signal })
      return { ...rest, hits: list }
    },
    getNextPageParam: (last) => last.next || undefined,
  })

export function Results({ view, onWider }: { view: Asked; onWider: () => void }) {
  const results = useInfiniteQuery(resultsQuery(view))
  const pages = results.data?.pages
  const before = useRef<Joined<Entry>>(undefined)
  const rows = useMemo(() => (before.current = new Joined(pages?.map((page) => page.hits) ?? [], before.current)), [pages])
  const problems = useMemo(() => pages?.flatMap((page) => page.problems) ?? [], [pages])
  const { hasNextPage, isFetching, fetchNextPage, isFetchNextPageError } = results
  const more = useCallback(() => {
    if (hasNextPage && !isFetching && !isFetchNextPageError) void fetchNextPage()
  }, [hasNextPage, isFetching, isFetchNextPageError, fetchNextPage])

  if (results.isError && !pages) {
    return (
      <div className="panel">
        <Problem error={results.error} retry={() => void results.refetch()} />
      </div>
    )
  }
  const first = pages?.[0]
  if (!first || !pages) return <Loading what="the results" />
  const last = pages.at(-1) ?? first
  const foot = results.isFetchNextPageError ? <Problem error={results.error} retry={() => void fetchNextPage()} /> : hasNextPage ? <p className="muted small foot">Loading more…</p> : null
  return (
    <>
      <p className="result-line small muted" role="status">
        {first.derived ? plural(first.rows?.length ?? 0, 'row') : `${count(rows.length)}${last.next ? '+' : ''} ${rows.length === 1 ? 'event' : 'events'}`} in {duration(first.meta.took)}. {searched(first.meta)}
      </p>
      <Coverage meta={first.meta} />
      {problems.length > 0 && (
        <div className="notice bad" role="alert">
          {plural(problems.length, 'record')} matched and could not be shown. Record {count(problems[0]?.number ?? 0)}: {problems[0]?.detail}.
        </div>
      )}
      {first.derived ? (
        <Rows rows={first.rows ?? []} />
      ) : rows.length === 0 && results.isFetchNextPageError ? (
        <div className="panel">
          <Problem error={results.error} retry={() => void fetchNextPage()} />
        </div>
      ) : rows.length === 0 && hasNextPage ? (
        <div className="panel">
          <Empty
            title="Nothing found yet"
            action={
              <button type="button" className="button" disabled={isFetching} onClick={more}>
                {isFetching ? 'Looking…' : 'Look further'}
              </button>
            }
          >
            Without its index the record is looked through part by part. Nothing in {pages.length === 1 ? 'the first part' : `the first ${count(pages.length)} parts`} matches.
          </Empty>
        </div>
      ) : rows.length === 0 ? (
        <div className="panel">
          <Empty
            title="Nothing found"
            action={
              view.from !== '' && (
                <button type="button" className="button" onClick={onWider}>
                  Search all time
                </button>
              )
            }
          >
            No event in this time matches. Words must be whole; <code>word*</code> finds beginnings. Look events are found only if the query names the field <code>kind</code>.
          </Empty>
        </div>
      ) : view.columns.length > 0 ? (
        <Table rows={rows} columns={view.columns} onEnd={more} foot={foot} />
      ) : (
        <Entries rows={rows} label="Results" onEnd={more} foot={foot} />
      )}
    </>
  )
}

/** How much was searched, and what is not yet indexed. */
function searched(meta: Meta): string {
  const behind = meta.sealed - meta.indexed
  if (meta.source === 'ledger') return `Searched in the ledger, which has ${plural(meta.sealed, 'record')}.`
  if (behind <= 0) return `Searched all ${plural(meta.sealed, 'record')}.`
  const rest = meta.source === 'index' ? 'were not searched' : 'were read from the ledger'
  return `Searched ${count(meta.indexed)} indexed records; ${count(behind)} that are not indexed yet ${rest}.`
}

/** The value of a field as people read it. */
function shown(text: string, type: string | undefined, stamp: (time: string) => string): string {
  if (text === '') return ''
  if (type === 'duration') return duration(Number(text))
  if (type === 'time') return stamp(text)
  return text
}

const to = (record: Entry) => `/call/${record.number}`

/** A record with columns of the reader's choice. */
class CellsView implements View<Entry> {
  readonly element = make('a', 'list-row cells')
  private readonly href = new Attribute(this.element, 'href')
  private readonly at: Moment
  private readonly cells: { name: string; type: string | undefined; words: Words; title: Attribute }[]

  constructor(
    columns: readonly string[],
    types: ReadonlyMap<string, string>,
    private readonly clock: Clock,
  ) {
    this.element.style.gridTemplateColumns = grid(columns)
    this.at = new Moment(clock)
    this.element.append(this.at.element)
    this.cells = columns.map((name) => {
      const words = new Words()
      const cell = make('span', '', make('span', 'hidden', `${name}: `), words.node)
      this.element.append(cell)
      return { name, type: types.get(name), words, title: new Attribute(cell, 'title') }
    })
  }

  show(record: Entry): void {
    this.href.write(to(record))
    this.at.show(record.header.arrived ?? '')
    for (const { name, type, words, title } of this.cells) {
      const text = fieldText(record, name)
      title.write(text)
      words.write(shown(text, type, this.clock.stamp))
    }
  }
}

const grid = (columns: readonly string[]) => `160px repeat(${columns.length}, minmax(120px, 1fr))`

/** Results with columns of the reader's choice. */
function Table({ rows, columns, onEnd, foot }: { rows: Listed<Entry>; columns: string[]; onEnd: () => void; foot: React.ReactNode }) {
  const fields = useQuery(fieldsQuery)
  const [clock] = useClock()
  const types = useMemo(() => new Map(fields.data?.map((field) => [field.name, field.type])), [fields.data])
  const made = useCallback(() => new CellsView(columns, types, clock), [columns, types, clock])
  const head = (
    <div className="list-row head" style={{ gridTemplateColumns: grid(columns) }} aria-hidden="true">
      <span>arrived</span>
      {columns.map((name) => (
        <span key={name} className="mono">
          {name}
        </span>
      ))}
    </div>
  )
  return <List rows={rows} label="Results" height={28} make={made} to={to} head={head} width={180 + columns.length * 132} onEnd={onEnd} foot={foot} />
}

/** The rows of a query with pipes. */
function Rows({ rows }: { rows: readonly Record<string, string>[] }) {
  const names = useMemo(() => [...new Set(rows.flatMap((row) => Object.keys(row)))], [rows])
  if (rows.length === 0) {
    return (
      <div className="panel">
        <Empty title="No rows" />
      </div>
    )
  }
  return (
    <>
      <div className="notice">These rows are made by the index alone: they are no evidence.</div>
      <div className="list entries derived" tabIndex={0} role="region" aria-label="Rows">
        <table className="table">
          <thead>
            <tr>
              {names.map((name) => (
                <th key={name} scope="col" className="mono">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, i) => (
              <tr key={i}>
                {names.map((name) => (
                  <td key={name} className={/^-?[\d.]+$/.test(row[name] ?? '') ? 'num' : ''}>
                    {row[name]}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}
