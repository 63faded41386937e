import { useQuery } from '@tanstack/react-query'
import { json } from '../../api/client'
import type { Retention } from '../../api/model'
import { useMay } from '../../app/session'
import { bytes, count, duration, plural } from '../../ui/format'
import { Panel, Pairs } from '../../ui/panel'
import { Answer, Empty } from '../../ui/state'
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
              <div className="scroll" tabIndex={0} role="region" aria-label="Rules of retention">
                <table className="table">
                  <thead>
                    <tr>
                      <th scope="col">Envelopes</th>
                      <th scope="col">Routes</th>
                      <th scope="col">Kept for</th>
                      <th scope="col" className="num">
                        Due now
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {r.rules.map((rule, i) => (
                      <tr key={i}>
                        <td>{rule.classes.join(', ')}</td>
                        <td>{rule.routes?.join(', ') ?? (rule.except ? `all but ${rule.except.join(', ')}` : 'all')}</td>
                        <td className="nowrap">{duration(rule.keep)}</td>
                        <td className="num">{count(rule.due)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
            <div className="scroll" tabIndex={0} role="region" aria-label="What is stored">
              <table className="table">
                <thead>
                  <tr>
                    <th scope="col">Stored</th>
                    <th scope="col" className="num">
                      Size
                    </th>
                    <th scope="col" className="num">
                      Files
                    </th>
                    <th scope="col">From</th>
                  </tr>
                </thead>
                <tbody>
                  {r.stored.map((kept) => (
                    <tr key={kept.class}>
                      <td>{kept.class}</td>
                      <td className="num nowrap">{bytes(kept.bytes)}</td>
                      <td className="num">{count(kept.files)}</td>
                      <td>{kept.oldest ? <Time at={kept.oldest} /> : ''}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
            <Pairs
              list={[
                ['Looked at', `every ${r.every}`],
                ['Last', r.last && <Time key="l" at={r.last} full />],
                ['Expired', `${plural(r.expired.envelopes, 'envelope')} by ${plural(r.expired.decisions, 'decision')}`],
                ['Erased', `${plural(r.erased.envelopes, 'envelope')} by ${plural(r.erased.decisions, 'decision')}`],
                ['Under way', r.pending > 0 && plural(r.pending, 'envelope')],
              ]}
            />
            <p className="muted small">What goes are envelopes: who, what, payload. Headers and proofs stay for ever, so that the record still proves that nothing else was taken.</p>
          </>
        )}
      </Answer>
    </Panel>
  )
}
