import { useState } from 'react'
import type { ReadingToucher } from '../../api/types'
import { Link } from '../../app/router'
import { Classes } from '../../ui/classes'
import { and, term } from '../../ui/complete'
import { count } from '../../ui/format'
import { Named } from '../../ui/named'
import { searchPath, whoPath } from '../../ui/paths'
import { Table } from '../../ui/table'
import { Time } from '../../ui/time'
import type { Span } from '../../ui/usespan'

const step = 50

/** Those who touched an object: a row for each principal through each app. */
export function Touchers({ list, more, query, span }: { list: readonly ReadingToucher[]; more: number; query: string; span: Span }) {
  const [shown, setShown] = useState(step)
  return (
      <Table
        label="Who touched it"
        heads={['Who', 'Kind', 'Through', '#Calls', '#Named it', 'Did', 'Data in the answers', 'First', 'Newest']}
        foot={
          (list.length > shown || more > 0) && (
            <>
              {list.length > shown && (
                <button type="button" className="button" onClick={() => setShown(shown + 4 * step)}>
                  Show more of {count(list.length)}
                </button>
              )}
              {more > 0 && <span className="warn">{count(more)} more are not listed: choose a shorter time.</span>}
            </>
          )
        }
      >
            {list.slice(0, shown).map((each, i) => (
              <tr key={i}>
                <td>
                  <Named principal={each.principal} kind={each.kind} email={each.email} name={each.name} subject={each.subject} />
                </td>
                <td>{each.kind}</td>
                <td>{each.client ? <Link to={whoPath(each.client)}>{each.client}</Link> : each.key ? <Link className="mono" to={whoPath(each.key)} title={each.principal ? 'An API key' : 'The id of a key, as the call claims it'}>{each.key}</Link> : <span className="muted">not known</span>}</td>
                <td className="num">
                  <Link to={searchPath(callsOf(each, query), span.from, span.to)} title="Search these calls">
                    {count(each.calls)}
                  </Link>
                </td>
                <td className="num">{count(each.asked)}</td>
                <td>{each.actions.map((action) => `${action.value || 'not known'}\u00a0${count(action.count)}`).join(', ')}</td>
                <td>
                  <Classes names={each.data} />
                </td>
                <td><Time at={each.first} /></td>
                <td><Time at={each.last} /></td>
              </tr>
            ))}
      </Table>
  )
}

/** The query for the calls of a row. */
function callsOf(each: ReadingToucher, query: string): string {
  const terms = [
    each.principal ? term('principal.id', each.principal) : each.kind ? term('principal.kind', each.kind) : '',
    each.client ? term('credential.client', each.client) : each.key ? term('credential.key_id', each.key) : '',
  ]
  return and(query, terms.filter(Boolean).join(' '))
}
