import { useQuery } from '@tanstack/react-query'
import { json } from '../../api/client'
import type { Facets as Answered } from '../../api/model'
import { fieldsQuery } from '../../api/queries'
import { listTerm, term } from '../../ui/complete'
import { count } from '../../ui/format'
import { Icon, icons } from '../../ui/icon'
import { levelInfo } from '../../ui/level'
import { Aside } from '../../ui/state'

const shown = [
  'outcome.status', 'principal.level', 'who.email', 'principal.kind', 'operation.name', 'operation.action', 'objects', 'data', 'credential.client', 'credential.method', 'outcome.decision', 'who.address', 'kind',
]

/** The most frequent values of fields, each of which narrows the search. */
export function Facets({ enabled, query, from, to, onAdd }: { enabled: boolean; query: string; from: string; to: string; onAdd: (term: string, not: boolean) => void }) {
  const fields = useQuery(fieldsQuery)
  const answer = useQuery({
    queryKey: ['facets', query, from, to],
    enabled,
    queryFn: ({ signal }) => json<Answered>('/api/v1/facets', { params: { query, from, to, fields: shown, limit: 6 }, signal }),
    placeholderData: (before) => before,
  })
  const isList = (name: string) => fields.data?.find((field) => field.name === name)?.list ?? false
  return (
    <Aside query={answer} what="The facets">
      {(data) => (
        <div className="facets-list">
          {[...data.facets]
            .sort((a, b) => shown.indexOf(a.field) - shown.indexOf(b.field))
            .filter((facet) => facet.values.some((value) => value.value !== ''))
            .map((facet) => (
              <section key={facet.field} aria-label={`Values of ${facet.field}`}>
                <h2 className="mono">{facet.field}</h2>
                <ul>
                  {facet.values
                    .filter((value) => value.value !== '')
                    .map((value) => {
                      const t = isList(facet.field) ? value.value.split(',').map((part) => listTerm(facet.field, part.trim())).join(' ') : term(facet.field, value.value)
                      return (
                        <li key={value.value}>
                          <button type="button" className="facet" title={`Only ${facet.field} ${value.value}`} onClick={() => onAdd(t, false)}>
                            <span className="value">
                              {value.value}
                              {facet.field === 'principal.level' && <span className="muted"> {levelInfo(Number(value.value)).word}</span>}
                            </span>
                            <span className="muted">{count(value.count)}</span>
                          </button>
                          <button type="button" className="facet not" aria-label={`Without ${facet.field} ${value.value}`} title="Without these" onClick={() => onAdd(t, true)}>
                            <Icon d={icons.minus} size={12} />
                          </button>
                        </li>
                      )
                    })}
                </ul>
              </section>
            ))}
        </div>
      )}
    </Aside>
  )
}
