// What a rule would have found in the record, and about whom.

import { useQuery } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { json } from '../../api/client'
import type { Finding, RuleText } from '../../api/model'
import { Link } from '../../app/router'
import { useMay } from '../../app/session'
import { count, plural } from '../../ui/format'
import { entityText, Severity } from '../../ui/incident'
import { Panel } from '../../ui/panel'
import { Answer, Problem } from '../../ui/state'
import { Table } from '../../ui/table'
import { Time } from '../../ui/time'
import { useBacktest, type Tried } from './use-backtest'
import './rules.css'

const spans = [
  ['24h', 'the last day'],
  ['7d', 'the last 7 days'],
  ['30d', 'the last 30 days'],
  ['', 'all that is recorded'],
] as const

const example = `title: Somebody reads customers
id: 5b0e8f1a-6c1d-4f5e-9a37-2d1c0f7b8e90
name: reads-customers
logsource: {category: access}
detection:
  read: {what.path|startswith: /v1/customers/}
  condition: read
`

/** Tries a rule that runs, with its text to be changed; or, without a name, one that is written here. */
export function BacktestPanel({ rule }: { rule?: string }) {
  const text = useQuery({ queryKey: ['rule', rule], enabled: rule !== undefined, staleTime: Infinity, queryFn: ({ signal }) => json<RuleText>(`/api/v1/rules/${encodeURIComponent(rule ?? '')}`, { signal }) })
  const may = useMay()
  if (!may('export')) return null
  return (
    <Panel title={rule ? 'Try it on the past' : 'Try a rule on the past'}>
      <p className="muted small">Runs over the record, by the code that judges live calls. Nothing is kept, sent or blocked. The events are read for it as by an export, which is sealed.</p>
      {rule === undefined ? <Form text={example} /> : <Answer query={text} what="the rule">{(data) => <Form key={data.name} rule={data.name} text={data.text} />}</Answer>}
    </Panel>
  )
}

function Form({ rule, text }: { rule?: string; text: string }) {
  const [tried, run, end] = useBacktest()
  const [written, setWritten] = useState(text)
  const running = tried.state === 'running'
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const from = String(new FormData(event.currentTarget).get('from'))
    run({ text: written, ...(rule && { rule }), ...(from && { from }) })
  }
  return (
    <>
      <form className="stack" onSubmit={submit}>
        <details open={rule === undefined}>
          <summary>{rule ? 'The rule, which can be changed here for the trial' : 'The rule, as docs/rules.md says'}</summary>
          <textarea className="input mono rule-text" aria-label="Text of the rule, in YAML" spellCheck={false} rows={Math.min(28, Math.max(8, written.split('\n').length))} value={written} onChange={(event) => setWritten(event.target.value)} />
        </details>
        <div className="row">
          <label>
            On <span className="hidden">which time: </span>
            <select className="input" name="from" defaultValue="7d">
              {spans.map(([from, title]) => (
                <option key={from} value={from}>
                  {title}
                </option>
              ))}
            </select>
          </label>
          <button type="submit" className="button primary" disabled={running || written.trim() === ''}>
            Try it
          </button>
          {running && (
            <button type="button" className="button" onClick={end}>
              Stop
            </button>
          )}
          {written !== text && (
            <button type="button" className="button quiet" onClick={() => setWritten(text)}>
              As it was
            </button>
          )}
        </div>
      </form>
      <div role="status">
        <Outcome tried={tried} />
      </div>
      {tried.state === 'failed' && <Problem error={tried.error} />}
      {tried.result && <About result={tried.result} />}
      {tried.findings.length > 0 && <Found findings={tried.findings} all={tried.result?.findings} />}
    </>
  )
}

/** The verdict, or how far it is. */
function Outcome({ tried }: { tried: Tried }) {
  const { result, progress, state } = tried
  if (result)
    return (
      <div className="notice">
        <span>
          <strong>
            It would have fired {count(result.findings)} {result.findings === 1 ? 'time' : 'times'}
          </strong>
          {result.findings > 0 && `, about ${count(result.entities)}`}, in {plural(result.events, 'event')}
          {result.suppressed > 0 && `; ${count(result.suppressed)} more were held back, as one too many about the same`}.
          {!result.complete && ` Not all that matches was judged${result.note ? `: ${result.note}` : ''}.`}
        </span>
      </div>
    )
  if (state !== 'running' && state !== 'ended') return null
  return (
    <div className="notice" aria-busy={state === 'running' ? 'true' : undefined}>
      <span>
        {state === 'ended' ? 'Stopped after' : 'So far'} {plural(progress?.events ?? 0, 'event')}, {plural(Math.max(progress?.findings ?? 0, tried.findings.length), 'finding')}
        {progress && (
          <>
            , up to <Time at={progress.at} full />
          </>
        )}
        .
      </span>
    </div>
  )
}

function About({ result }: { result: NonNullable<Tried['result']> }) {
  if (result.about.length === 0) return null
  const shown = result.about.slice(0, 10)
  return (
    <div>
      <h3>About whom</h3>
      <ul className="tried-about">
        {shown.map((each) => (
          <li key={entityText(each.entity)}>
            <span className="mono">{entityText(each.entity)}</span> <span className="muted">{plural(each.count, 'finding')}</span>
          </li>
        ))}
      </ul>
      {result.entities > shown.length && <p className="muted small">and {count(result.entities - shown.length)} more</p>}
    </div>
  )
}

const listed = 100

function Found({ findings, all }: { findings: readonly Finding[]; all: number | undefined }) {
  const shown = findings.slice(0, listed)
  return (
    <div>
      <h3>What it would have found</h3>
      <Table label="What the rule would have found" heads={['About', 'When', 'Level', '#Events', 'Calls']} as="part">
        {shown.map((finding) => (
          <tr key={finding.id}>
            <td className="mono">{entityText(finding.entity)}</td>
            <td className="nowrap">
              <Time at={finding.at} full />
            </td>
            <td>
              <Severity level={finding.level} />
            </td>
            <td className="num">{count(finding.count)}</td>
            <td>
              {finding.events.slice(-5).map((event) => (
                <Link key={event.id} to={`/call/${event.number ?? event.id}`} className="tried-call">
                  {event.number === undefined ? 'call' : count(event.number)}
                </Link>
              ))}
            </td>
          </tr>
        ))}
      </Table>
      {(all ?? findings.length) > shown.length && <p className="muted small">The first {count(shown.length)}. gatebook rules backtest --json has them all.</p>}
    </div>
  )
}
