// How this installation is: its parts, the sources with their rate and loss,
// queues, what is done about access, and whether alerts reach anybody.

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { json, send } from '../../api/client'
import type { Measure, Setup } from '../../api/model'
import { healthQuery } from '../../api/queries'
import { useMay } from '../../app/session'
import { bytes, count, plural } from '../../ui/format'
import { Icon, icons } from '../../ui/icon'
import { MeasureList } from '../../ui/measure'
import { Panel, Pairs } from '../../ui/panel'
import { Answer, Empty } from '../../ui/state'
import { parseMetrics, rate, total, value, type Sample } from './metrics'
import { Elsewhere } from './elsewhere'
import { Receivers } from './receivers'
import { StoragePanel } from './storage'
import { Table } from '../../ui/table'

export default function Operations() {
  return (
    <div className="page">
      <div className="page-head">
        <h1>Operations</h1>
        <p className="sub">How this installation is.</p>
      </div>
      <Parts />
      <Sources />
      <StoragePanel />
      <MeasuresPanel />
      <Receivers />
    </div>
  )
}

function Parts() {
  const health = useQuery(healthQuery)
  return (
    <Panel title="Parts">
      <Answer query={health} what="the health">
        {(data) => (
          <ul className="parts">
            {data.checks.map((check) => (
              <li key={check.name} className={check.ok ? 'good' : check.required ? 'bad' : 'warn'}>
                <Icon d={check.ok ? icons.check : icons.close} />
                <span className="said">
                  <strong>{check.name}</strong> <span className="hidden">{check.ok ? 'is well' : 'is not well'}</span>
                  {check.detail && <span className="muted">{check.detail}</span>}
                </span>
              </li>
            ))}
          </ul>
        )}
      </Answer>
    </Panel>
  )
}

interface Figures {
  now: Sample[]
  before?: Sample[]
  seconds: number
}

/** The metrics now and at the last time. */
function useFigures() {
  const last = useRef<{ at: number; samples: Sample[] }>(undefined)
  return useQuery({
    queryKey: ['metrics'],
    refetchInterval: 5_000,
    queryFn: async ({ signal }): Promise<Figures> => {
      const samples = parseMetrics(await (await send('/metrics', { signal })).text())
      const at = performance.now()
      const before = last.current
      last.current = { at, samples }
      return before ? { now: samples, before: before.samples, seconds: (at - before.at) / 1000 } : { now: samples, seconds: 0 }
    },
  })
}

function Sources() {
  const figures = useFigures()
  const setup = useQuery({ queryKey: ['setup'], queryFn: ({ signal }) => json<Setup>('/api/v1/setup', { signal }), refetchInterval: 10_000 })
  const perSecond = (f: Figures, name: string, labels?: Record<string, string>) => {
    const r = rate(f.now, f.before, f.seconds, name, labels)
    return r === undefined ? 'measuring' : `${r < 10 ? r.toFixed(1) : count(Math.round(r))}/s`
  }
  return (
    <>
      <Panel title="Sources">
        <Answer query={figures} what="the figures">
          {(f) =>
            setup.data?.listeners.length === 0 ? (
              <p className="muted">No gateway runs here: calls come from elsewhere.</p>
            ) : (
              <Table label="Sources" heads={['Listener', '#Rate', '#Calls', '#Now', '#Refused', '#In', '#Out']} as="part">
                {(setup.data?.listeners ?? []).map((listener) => {
                  const of = { listener: listener.name }
                  return (
                    <tr key={listener.name}>
                      <td>
                        {listener.name} <span className="muted mono">{listener.url}</span>
                      </td>
                      <td className="num nowrap">{perSecond(f, 'gatebook_calls_total', of)}</td>
                      <td className="num">{count(total(f.now, 'gatebook_calls_total', of))}</td>
                      <td className="num">{count(total(f.now, 'gatebook_calls_in_flight', of))}</td>
                      <td className="num">{count(total(f.now, 'gatebook_calls_denied_total', of))}</td>
                      <td className="num nowrap">{bytes(total(f.now, 'gatebook_request_bytes_total', of))}</td>
                      <td className="num nowrap">{bytes(total(f.now, 'gatebook_response_bytes_total', of))}</td>
                    </tr>
                  )
                })}
              </Table>
            )
          }
        </Answer>
        <Answer query={setup} what="the routes">
          {(s) => (
            <ul className="parts">
              {s.routes.map((route) => (
                <li key={route.name} className={route.reachable ? 'good' : 'bad'}>
                  <Icon d={route.reachable ? icons.check : icons.close} />
                  <span className="said">
                    <strong>{route.name}</strong>
                    <span className="mono">
                      {route.path} → {route.upstream}
                    </span>
                    {!route.reachable && (
                      <span className="bad">
                        {route.fault} {route.fix}
                      </span>
                    )}
                  </span>
                </li>
              ))}
            </ul>
          )}
        </Answer>
      </Panel>
      <Elsewhere />
      <div className="columns">
        <Panel title="Record and queues">
          <Answer query={figures} what="the figures">
            {(f) => {
              const lost = total(f.now, 'gatebook_lost_total')
              const written = rate(f.now, f.before, f.seconds, 'gatebook_recorded_bytes_total')
              return (
                <Pairs
                  list={[
                    ['Records', `${count(value(f.now, 'gatebook_ledger_records') ?? 0)}, ${perSecond(f, 'gatebook_recorded_total')}`],
                    ['Written', written === undefined ? 'measuring' : `${bytes(written)}/s: ${bytes(written * 86_400)} a day at this rate, before compression`],
                    ['Wait for the disk', `${plural(value(f.now, 'gatebook_queue_events') ?? 0, 'event')}, ${bytes(value(f.now, 'gatebook_queue_bytes') ?? 0)}`],
                    ['Lost', lost > 0 ? <span key="l" className="bad">{plural(lost, 'call')}: sealed as gap events</span> : 'none by this process'],
                    ['Not yet searchable', plural(value(f.now, 'gatebook_index_lag_records') ?? 0, 'record')],
                    ['Not yet judged', plural(value(f.now, 'gatebook_detect_lag_records') ?? 0, 'record')],
                  ]}
                />
              )
            }}
          </Answer>
        </Panel>
        <Panel title="Settings">
          <p>The configuration file rules. What runs is sealed in the record at each start and reload:</p>
          <pre className="mono">gatebook config show{'\n'}gatebook search 'kind:=system note.name:in(start, reload)'</pre>
        </Panel>
      </div>
    </>
  )
}

function MeasuresPanel() {
  const may = useMay()
  const client = useQueryClient()
  const measures = useQuery({ queryKey: ['measures', 'open'], enabled: may('list-measures'), queryFn: ({ signal }) => json<Measure[]>('/api/v1/measures', { signal }), refetchInterval: 10_000 })
  return (
    <Panel title="Blocks, throttles and proposals" bare>
      <Answer query={measures} what="the measures">
        {(list) => (list.length === 0 ? <Empty title="Nothing is blocked or throttled">A measure is decided from an incident, or from the page of a person, an app or a credential.</Empty> : <MeasureList list={list} onChange={() => void client.invalidateQueries({ queryKey: ['measures'] })} />)}
      </Answer>
    </Panel>
  )
}
