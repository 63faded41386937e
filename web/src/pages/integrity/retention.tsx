import { useQuery } from '@tanstack/react-query'
import { json } from '../../api/client'
import type { Retention } from '../../api/model'
import { useMay } from '../../app/session'
import { bytes, count, duration, plural } from '../../ui/format'
import { Panel, Pairs } from '../../ui/panel'
import { Answer, Empty } from '../../ui/state'
import { Table } from '../../ui/table'
import { Time } from '../../ui/time'

/** What goes when, and what is on the disk. The file of configuration rules it. */
export function RetentionPanel() {
  const may = useMay()
  const retention = useQuery({ queryKey: ['retention'], enabled: may('retention'), queryFn: ({ signal }) => json<Retention>('/api/v1/retention', { signal }) })
  if (!may('retention')) {
    return (
      <Panel title="Retention">
        <Empty title="Not for your role">Auditors and administrators see what goes when.</Empty>
      </Panel>
    )
  }
  return (
    <Panel title="Retention">
      <Answer query={retention} what="the retention">
        {(r) => (
          <>
            {r.problem && <div className="notice bad">{r.problem}</div>}
            {r.rules.length === 0 ? (
              <p>Nothing expires. Rules for it are in the configuration, under retention.</p>
            ) : (
              <Table label="Rules of retention" heads={['Envelopes', 'Routes', 'Kept for', '#Due now']} as="part">
                {r.rules.map((rule, i) => (
                  <tr key={i}>
                    <td>{rule.classes.join(', ')}</td>
                    <td>{rule.routes?.join(', ') ?? (rule.except ? `all but ${rule.except.join(', ')}` : 'all')}</td>
                    <td className="nowrap">{duration(rule.keep)}</td>
                    <td className="num">{count(rule.due)}</td>
                  </tr>
                ))}
              </Table>
            )}
            <Stored retention={r} />
            <Pairs
              list={[
                ['Looked at', `every ${spoken(r.every)}`],
                ['Last', r.last && <Time key="l" at={r.last} full />],
                ['Expired', decided(r.expired)],
                ['Erased', decided(r.erased)],
                ['Under way', r.pending > 0 && `${plural(r.pending, 'decision')} not carried out yet`],
              ]}
            />
            <p className="muted small">What goes are envelopes: who, what, payload. Headers and proofs stay for ever, so that the record still proves that nothing else was taken.</p>
          </>
        )}
      </Answer>
    </Panel>
  )
}

/** What is on the disk of each class, and of how many records that cannot be told yet. */
function Stored({ retention: r }: { retention: Retention }) {
  const none = r.stored.every((kept) => kept.files === 0)
  return (
    <section className="stack tight">
      {none ? (
        <p>No segment is sealed yet, so that there are no sizes.</p>
      ) : (
        <Table label="What is stored" heads={['Envelopes', '#Size', '#Files', 'Of the days (UTC)']} as="part" narrow>
          {r.stored.map((kept) => (
            <tr key={kept.class}>
              <td>{kept.class}</td>
              <td className="num nowrap">{kept.files > 0 ? bytes(kept.bytes) : 'none'}</td>
              <td className="num">{count(kept.files)}</td>
              <td>{kept.oldest === kept.newest ? kept.oldest : `${kept.oldest ?? ''} to ${kept.newest ?? ''}`}</td>
            </tr>
          ))}
        </Table>
      )}
      {r.journal > 0 && (
        <p className="muted small">
          The newest {plural(r.journal, 'record')} {r.journal === 1 ? 'is' : 'are'} in the journal: signed and safe on the disk, and not yet in a segment. {none ? 'Sizes are' : 'Their size is'} counted once the segment is sealed.
        </p>
      )}
    </section>
  )
}

function decided(sum: Retention['erased']): string {
  return sum.decisions === 0 ? 'nothing' : `${plural(sum.envelopes, 'envelope')} by ${plural(sum.decisions, 'decision')}`
}

/** 1h0m0s as people say it. */
export function spoken(every: string): string {
  const found = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(every)
  if (!found) return every
  const parts = (['hour', 'minute', 'second'] as const).map((unit, i) => [Number(found[i + 1] ?? 0), unit] as const).filter(([n]) => n > 0)
  if (parts.length === 1 && parts[0]![0] === 1) return parts[0]![1]
  return parts.map(([n, unit]) => plural(n, unit)).join(' and ')
}
