import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { json } from '../../api/client'
import type { Delivery, Receiver, ReceiverTest } from '../../api/model'
import { Link } from '../../app/router'
import { useMay } from '../../app/session'
import { count, plural } from '../../ui/format'
import { Panel } from '../../ui/panel'
import { Answer, Empty, Problem } from '../../ui/state'
import { Table } from '../../ui/table'
import { Time } from '../../ui/time'
import './operations.css'

/** Who is told of alerts, whether that works, and what was given up. */
export function Receivers() {
  const receivers = useQuery({ queryKey: ['receivers'], queryFn: ({ signal }) => json<Receiver[]>('/api/v1/alerts/receivers', { signal }), refetchInterval: 10_000 })
  return (
    <Panel title="Receivers of alerts">
      <Answer query={receivers} what="the receivers">
        {(list) =>
          list.length === 0 ? (
            <Empty title="Nobody is told of alerts">Receivers are in the configuration, under alerts.receivers: webhook, Slack, Teams, PagerDuty, Opsgenie, Alertmanager, e-mail, syslog.</Empty>
          ) : (
            <>
              <ul className="stack">
                {list.map((receiver) => (
                  <One key={receiver.name} receiver={receiver} />
                ))}
              </ul>
              <Dead />
            </>
          )
        }
      </Answer>
    </Panel>
  )
}

function One({ receiver: r }: { receiver: Receiver }) {
  const may = useMay()
  const [result, setResult] = useState<ReceiverTest>()
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const test = () => {
    setBusy(true)
    setResult(undefined)
    setError(undefined)
    json<ReceiverTest>(`/api/v1/alerts/receivers/${encodeURIComponent(r.name)}/test`, { method: 'POST' })
      .then(setResult, setError)
      .finally(() => setBusy(false))
  }
  return (
    <li className="stack tight">
      <div className="row">
        <strong>{r.name}</strong>
        <span className="muted">
          {r.kind}, detail {r.detail}
          {r.minSeverity && `, ${r.minSeverity} or higher`}
        </span>
        <span className={`tag ${r.failing ? 'bad' : 'good'}`}>{r.failing ? 'failing' : 'well'}</span>
        {may('deliver') && (
          <button type="button" className="button small push" disabled={busy} onClick={test} aria-label={`Send a test message to ${r.name}`}>
            {busy ? 'Sending' : 'Send a test'}
          </button>
        )}
      </div>
      <span className="muted small">
        {plural(r.delivered, 'message')} delivered, {count(r.pending)} waiting, {count(r.dead)} given up
        {r.lastDelivered && (
          <>
            ; last <Time at={r.lastDelivered} />
          </>
        )}
      </span>
      {r.failing && (
        <div className="notice bad">
          Since <Time at={r.failing} />: {r.error}
        </div>
      )}
      <div role="status">
        {result && <div className={`notice ${result.ok ? 'good' : 'bad'}`}>{result.ok ? `It was taken${result.answer ? `: ${result.answer}` : ''}.` : result.error}</div>}
        {error !== undefined && <Problem error={error} />}
      </div>
    </li>
  )
}

function Dead() {
  const may = useMay()
  const client = useQueryClient()
  const [error, setError] = useState<unknown>()
  const dead = useQuery({ queryKey: ['deliveries', 'dead'], queryFn: ({ signal }) => json<Delivery[]>('/api/v1/alerts/deliveries', { params: { state: 'dead', limit: 100 }, signal }), refetchInterval: 10_000 })
  if (!dead.data?.length) return null
  const again = (id: number) =>
    json(`/api/v1/alerts/deliveries/${id}/retry`, { method: 'POST' }).then(() => {
      setError(undefined)
      void client.invalidateQueries({ queryKey: ['deliveries'] })
    }, setError)
  return (
    <div className="stack tight">
      <h3>Given up</h3>
      {error !== undefined && <Problem error={error} />}
      <Table label="Deliveries that were given up" heads={['When', 'To', 'About', 'Why', '']} as="part">
        {dead.data.map((d) => (
          <tr key={d.id}>
            <td className="nowrap">
              <Time at={d.ended ?? d.created} full />
            </td>
            <td>{d.receiver}</td>
            <td>{d.incident ? <Link to={`/alerts/${d.incident}`}>{d.incident}</Link> : d.change}</td>
            <td>
              {d.error} <span className="muted">({plural(d.attempts, 'attempt')})</span>
            </td>
            <td className="num">
              {may('deliver') && (
                <button type="button" className="button small" onClick={() => void again(d.id)}>
                  Try again
                </button>
              )}
            </td>
          </tr>
        ))}
      </Table>
    </div>
  )
}
