import type { ReadingPerson } from '../../api/types'
import { Link } from '../../app/router'
import { count } from '../../ui/format'
import { short } from '../../ui/named'
import { Pairs, Panel } from '../../ui/panel'
import { whoPath } from '../../ui/paths'
import { Tally } from '../../ui/tally'
import type { Entity } from './entity'

/** The names that the record knows: of the caller itself, or of those who use an app or a credential. */
export function KnownAs({ data, entity }: { data: ReadingPerson; entity: Entity }) {
  const one = entity.sort !== 'App' && entity.sort !== 'Credential'
  const all = (pick: (each: ReadingPerson['identities'][number]) => string | undefined) => [...new Set(data.identities.map(pick).filter((each): each is string => !!each))]
  const tally = (pick: (each: ReadingPerson['identities'][number]) => string | undefined, label: (value: string) => string) => {
    const sums = new Map<string, { label: string; count: number }>()
    for (const each of data.identities) {
      const key = pick(each)
      if (!key) continue
      const found = sums.get(key) ?? { label: label(key), count: 0 }
      sums.set(key, { ...found, count: found.count + each.count })
    }
    return [...sums].map(([key, value]) => ({ key, label: value.label, count: value.count, to: key === data.asked ? undefined : whoPath(key), title: key })).sort((a, b) => b.count - a.count)
  }
  const nameOf = (id: string) => {
    const found = data.identities.find((each) => each.id === id)
    return found?.email || found?.name || found?.subject || short(id)
  }
  return (
    <Panel title={one ? 'Known as' : 'Used by'}>
      {one && (
        <Pairs
          list={[
            ['Name', all((each) => each.name).join(', ')],
            ['E-mail', all((each) => each.email).join(', ')],
            ['Subject', <Ids key="s" list={all((each) => each.subject)} />],
            ['Pseudonym', <Ids key="p" list={entity.principals} />],
            ['Vouched for by', <span key="i" className="mono">{all((each) => each.issuer).join(', ')}</span>],
            ['Verified', entity.claimed === 0 ? `all ${count(entity.verified)} calls` : `${count(entity.verified)} of ${count(entity.verified + entity.claimed)} calls`],
          ]}
        />
      )}
      <div className="tallies">
        {!one && <Tally title="Callers" rows={tally((each) => each.id, nameOf).slice(0, 12)} empty="Nobody who was verified." />}
        <Tally title="Apps" rows={tally((each) => each.client, (value) => value).slice(0, 12)} empty="No app is known." />
        <Tally title="Credentials" rows={tally((each) => each.fingerprint, short).slice(0, 12)} empty="None." />
      </div>
      {data.identities.length >= 50 && <p className="muted small">Only the 50 combinations with most calls were looked at.</p>}
    </Panel>
  )
}

function Ids({ list }: { list: readonly string[] }) {
  if (list.length === 0) return <span className="muted">not known</span>
  return (
    <>
      {list.slice(0, 5).map((each) => (
        <div key={each}>
          <Link className="mono" to={whoPath(each)}>
            {each}
          </Link>
        </div>
      ))}
      {list.length > 5 && <span className="muted">and {count(list.length - 5)} more</span>}
    </>
  )
}
