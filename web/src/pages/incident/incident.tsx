// One incident: its story in order, why each rule found something, the events
// with their proofs, and what people do about it.

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { json } from '../../api/client'
import type { IncidentEntry, Story, StoryFinding } from '../../api/model'
import type { PageProps } from '../../app/pages'
import { address, Link } from '../../app/router'
import { useMay } from '../../app/session'
import { count, plural } from '../../ui/format'
import { entityQuery, entityText, Severity, States } from '../../ui/incident'
import { Panel, Pairs } from '../../ui/panel'
import { Answer } from '../../ui/state'
import { Table } from '../../ui/table'
import { Time } from '../../ui/time'
import { MeasureDialog, Measures } from './measures'
import { StepDialog, steps, type StepName } from './step'
import { SilenceDialog } from '../alerts/silences'
import { Why } from './why'
import './incident.css'

export default function IncidentPage({ params }: PageProps) {
  const id = params.incident ?? ''
  const story = useQuery({ queryKey: ['incident', id], queryFn: ({ signal }) => json<Story>(`/api/v1/incidents/${encodeURIComponent(id)}`, { signal }), refetchInterval: 10_000 })
  return (
    <div className="page">
      <p className="crumbs">
        <Link to="/alerts">Alerts</Link>
      </p>
      <Answer query={story} what="the incident">
        {(data) => <Told story={data} />}
      </Answer>
    </div>
  )
}

function Told({ story }: { story: Story }) {
  const may = useMay()
  const client = useQueryClient()
  const [dialog, setDialog] = useState<StepName | 'measure' | 'silence'>()
  const i = story.incident
  const over = i.state === 'resolved' || i.state === 'false-positive'
  const close = () => setDialog(undefined)
  const changed = () => {
    close()
    void client.invalidateQueries({ queryKey: ['incident'] })
    void client.invalidateQueries({ queryKey: ['incidents'] })
    void client.invalidateQueries({ queryKey: ['measures'] })
  }
  return (
    <>
      <div className="page-head">
        <h1>{i.title}</h1>
        <div className="row">
          <Severity level={i.severity} />
          <States state={i.state} />
        </div>
        <div className="row push">
          {may('handle-alert') &&
            steps
              .filter((step) => step.when(i.state))
              .map((step) => (
                <button key={step.name} type="button" className={`button${step.primary ? ' primary' : ''}`} onClick={() => setDialog(step.name)}>
                  {step.title}
                </button>
              ))}
          {may('silence') && (
            <button type="button" className="button" onClick={() => setDialog('silence')}>
              Silence
            </button>
          )}
          {may('propose') && !over && (
            <button type="button" className="button danger" onClick={() => setDialog('measure')}>
              Block or throttle
            </button>
          )}
        </div>
      </div>
      {i.erased && <div className="notice">What was personal in this incident was erased.</div>}
      <div className="columns">
        <Panel title="About">
          <Pairs
            list={[
              ['Entity', <Entity key="e" entity={i.entity} />],
              ['Risk', `${count(Math.round(i.risk))} points`],
              ['Events', `${plural(i.events, 'event')} in ${plural(i.findings, 'finding')}`],
              ['From', <Time key="f" at={i.from} full />],
              ['To', <Time key="t" at={i.at} full />],
              ['Found', <Time key="o" at={i.opened} full />],
              ['Sealed', <Link key="d" to={`/call/${i.decision}`}>{`record ${count(i.decision)}`}</Link>],
              ['Has it', i.assignee || 'nobody'],
              ['Rules', i.rules.join(', ')],
              ['Tags', i.tags?.join(', ')],
              ['Proposed', i.response?.join(', ')],
            ]}
          />
        </Panel>
        <Panel title="What was done">
          <Log log={story.log} />
        </Panel>
      </div>
      <Measures incident={i.id} />
      <Panel title="The story">
        <ol className="story">
          {story.findings.map((finding) => (
            <li key={finding.id}>
              <Found finding={finding} />
            </li>
          ))}
        </ol>
      </Panel>
      <Events story={story} />
      {dialog === 'measure' && <MeasureDialog incident={i} onClose={close} onDone={changed} />}
      {dialog === 'silence' && <SilenceDialog rule={i.rules[0] ?? ''} entity={i.entity[0]?.value ?? ''} onClose={close} onDone={changed} />}
      {dialog && dialog !== 'measure' && dialog !== 'silence' && <StepDialog incident={i} name={dialog} onClose={close} onDone={changed} />}
    </>
  )
}

function Entity({ entity }: { entity: Story['incident']['entity'] }) {
  return (
    <span className="stack tight">
      <span className="mono">{entityText(entity)}</span>
      {named(entity) && <Link to={`/who/${encodeURIComponent(named(entity))}`}>Who this is, and what it usually does</Link>}
      {entity.length > 0 && <Link to={address('/search', { q: entityQuery(entity), from: '7d' })}>What it did in the last 7 days</Link>}
    </span>
  )
}

/** What of the entity has a page of its own. */
function named(entity: Story['incident']['entity']): string {
  return entity.find((each) => each.field === 'principal.id' || each.field.startsWith('credential.'))?.value ?? ''
}

/** One finding: what, when, the terms of its formula, and what the rule says. */
function Found({ finding: f }: { finding: StoryFinding }) {
  const [open, setOpen] = useState(false)
  return (
    <article className="stack tight" aria-label={f.title}>
      <div className="row">
        <Time at={f.at} full />
        <Severity level={f.level} />
        <strong>{f.title}</strong>
        {f.standing === 'superseded' && <span className="tag warn">superseded: it does not hold in the order of the ledger</span>}
        {f.standing === 'erased' && <span className="tag">erased</span>}
        <span className="muted push">+{count(f.risk.points)} risk</span>
      </div>
      <Table label={`Why ${f.rule} found this`} heads={['Term', 'Value', 'Had to be']} as="part">
        {f.terms.map((term, i) => (
          <tr key={i}>
            <td>{term.name}</td>
            <td className="mono">{term.value}</td>
            <td className="muted">{term.want ?? ''}</td>
          </tr>
        ))}
      </Table>
      <p className="muted small">
        {plural(f.count, 'event')}, rule <Link to={`/rules?rule=${encodeURIComponent(f.rule)}`}>{f.rule}</Link>{' '}
        <button type="button" className="button quiet small" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? 'Less' : 'What it means, and what to check'}
        </button>
      </p>
      {open && <Why finding={f.id} />}
    </article>
  )
}

const whats: Record<string, string> = {
  opened: 'opened',
  raised: 'raised',
  joined: 'more was found',
  taken: 'acknowledged',
  assigned: 'given',
  note: 'note',
  closed: 'closed',
  reopened: 'reopened',
  superseded: 'a finding was superseded',
}

function Log({ log }: { log: readonly IncidentEntry[] }) {
  return (
    <ol className="log">
      {log.map((entry, i) => (
        <li key={i}>
          <Time at={entry.at} full />
          <span>
            {whats[entry.what] ?? entry.what}
            {entry.what === 'assigned' && ` to ${entry.assignee || 'nobody'}`}
            {entry.severity && (entry.what === 'opened' || entry.what === 'raised') && ` as ${entry.severity}`}
            {entry.state === 'false-positive' && entry.what === 'closed' && ' as a false alarm'}
            <span className="muted"> by {entry.by || 'Gatebook'}</span>
            {entry.text && <span className="log-text">{entry.text}</span>}
          </span>
          {entry.decision ? <Link to={`/call/${entry.decision}`}>sealed</Link> : <span />}
        </li>
      ))}
    </ol>
  )
}

function Events({ story }: { story: Story }) {
  const [all, setAll] = useState(false)
  const list = all ? story.events : story.events.slice(0, 50)
  return (
    <Panel
      title="The events, each with its proof"
      actions={
        <Link className="button" to={address('/search', { q: entityQuery(story.incident.entity), from: story.incident.from, to: story.incident.at })}>
          Search around them
        </Link>
      }
    >
      <ol className="events">
        {list.map((event) => (
          <li key={event.id}>{event.number !== undefined ? <Link to={`/call/${event.number}`}>{count(event.number)}</Link> : <span className="muted mono">{event.id}</span>}</li>
        ))}
      </ol>
      {!all && story.events.length > list.length && (
        <div>
          <button type="button" className="button" onClick={() => setAll(true)}>
            All {count(story.events.length)}
          </button>
        </div>
      )}
      <p className="muted small">Each number is a record of the ledger: its page has the event, its proof, and an evidence pack.</p>
    </Panel>
  )
}
