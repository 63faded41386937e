import { useQuery } from '@tanstack/react-query'
import { json } from '../../api/client'
import type { Explanation } from '../../api/model'
import { Answer } from '../../ui/state'

/** What the rule of a finding means, what to check, what to do, and what else it can be. */
export function Why({ finding }: { finding: string }) {
  const explained = useQuery({ queryKey: ['finding', finding], queryFn: ({ signal }) => json<Explanation>(`/api/v1/findings/${encodeURIComponent(finding)}`, { signal }), staleTime: Infinity })
  return (
    <Answer query={explained} what="the explanation">
      {(e) => (
        <div className="stack">
          {e.description ? <p>{e.description}</p> : <p className="muted">The rule does not run any more, so that what it means is not known here.</p>}
          <Points title="Check" list={e.check} />
          <Points title="Do" list={e.act} />
          <Points title="It can also be" list={e.falsepositives} />
        </div>
      )}
    </Answer>
  )
}

export function Points({ title, list }: { title: string; list?: readonly string[] | undefined }) {
  if (!list?.length) return null
  return (
    <div>
      <h3>{title}</h3>
      <ul className="points">
        {list.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </div>
  )
}
