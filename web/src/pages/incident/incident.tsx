// One incident: its story in order, why each rule found something, the events
// with their proofs, and what people do about it.

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { json } from '../../api/client'
import type { IncidentEntry, Result, Story, StoryFinding } from '../../api/model'
import type { PageProps } from '../../app/pages'
import { address, Link } from '../../app/router'
import { useMay } from '../../app/session'
import { useClock } from '../../app/time'
import { Figures } from '../../ui/figures'
import { between, count, duration, plural } from '../../ui/format'
import { entityQuery, entityText, Severity, States, subjectsOf, tones } from '../../ui/incident'
import { MeasureDialog } from '../../ui/measure'
import { Panel, Pairs } from '../../ui/panel'
import { AtProvider, isToken } from '../../ui/provider'
import { Who } from '../../ui/record'
import { EntryHead, EntryRows } from '../../ui/row'
import { Scopes } from '../../ui/scopes'
import { Answer } from '../../ui/state'
import { Table } from '../../ui/table'
import { Time } from '../../ui/time'
import { Measures } from './measures'
import { StepDialog, steps, type StepName } from './step'
import { SilenceDialog } from '../alerts/silences'
import { Why } from './why'
import '../../ui/recent.css'
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
              Block or limit
            </button>
          )}
        </div>
      </div>
      <About entity={i.entity} />
      {i.erased && <div className="notice">What was personal in this incident was erased.</div>}
      <Figures
        list={[
          { what: 'Risk', value: count(Math.round(i.risk)), more: 'points', tone: tones[i.severity] },
          { what: 'Findings', value: count(i.findings), more: `by ${plural(i.rules.length, 'rule')}` },
          { what: 'Events', value: count(i.events), more: `within ${duration(between(i.from, i.at))}` },
          { what: 'Opened', value: <Time at={i.opened} rough /> },
          { what: 'Given to', value: i.assignee || 'nobody', tone: i.assignee ? undefined : 'warn', text: true },
        ]}
      />
      <Measures incident={i.id} />
      <Provided story={story} />
      <div className="columns">
        <Panel title="The story">
          <ol className="story">
            {story.findings.map((finding) => (
              <li key={finding.id}>
                <Found finding={finding} />
              </li>
            ))}
          </ol>
        </Panel>
        <div className="stack wide-gap">
          <Panel title="What was done">
            <Log log={story.log} />
          </Panel>
          <Panel title="About it">
            <Pairs
              list={[
                ['First event', <Time key="f" at={i.from} full />],
                ['Last event', <Time key="t" at={i.at} full />],
                ['Sealed', <Link key="d" to={`/call/${i.decision}`}>{`record ${count(i.decision)}`}</Link>],
                ['Rules', <Rules key="r" names={i.rules} />],
                ['Tags', i.tags && <Scopes key="g" list={i.tags} />],
                ['Proposed', i.response?.join(', ')],
                ['Number', <span key="n" className="mono">{i.id}</span>],
              ]}
            />
          </Panel>
        </div>
      </div>
      <Events story={story} />
      {dialog === 'measure' && <MeasureDialog subjects={subjectsOf(i.entity)} incident={i.id} onClose={close} />}
      {dialog === 'silence' && <SilenceDialog rule={i.rules[0] ?? ''} entity={i.entity[0]?.value ?? ''} onClose={close} onDone={changed} />}
      {dialog && dialog !== 'measure' && dialog !== 'silence' && <StepDialog incident={i} name={dialog} onClose={close} onDone={changed} />}
    </>
  )
}

/** About whom or what it is, by the name that the record knows. */
function About({ entity }: { entity: Story['incident']['entity'] }) {
  const principal = entity.find((each) => each.field === 'principal.id')?.value ?? ''
  const newest = useQuery({
    queryKey: ['named', principal],
    enabled: principal !== '',
    queryFn: ({ signal }) => json<Result>('/api/v1/search', { params: { query: `principal.id:=${JSON.stringify(principal)}`, limit: 1, payload: 'false' }, signal }),
    staleTime: 300_000,
    retry: false,
  })
  const known = newest.data?.hits[0]
  return (
    <p className="row about">
      {known && <Who record={known} />}
      <span className="mono muted">{entityText(entity)}</span>
      {named(entity) && <Link to={`/who/${encodeURIComponent(named(entity))}`}>Who this is, and what it usually does</Link>}
      {entity.length > 0 && <Link to={address('/search', { q: entityQuery(entity), from: '7d' })}>What it did in the last 7 days</Link>}
    </p>
  )
}

function Rules({ names }: { names: readonly string[] }) {
  return names.map((name, i) => (
    <span key={name}>
      {i > 0 && ', '}
      <Link to={address('/rules', { rule: name })}>{name}</Link>
    </span>
  ))
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
      <Table label={`Why ${f.rule} found this`} heads={['Term', 'Value', 'Had to be']} as="part" narrow>
        {f.terms.map((term, i) => (
          <tr key={i}>
            <td>{term.name}</td>
            <td className="mono">{term.value}</td>
            <td>{term.want?.replace(/^>= ?/, '≥ ').replace(/^<= ?/, '≤ ') ?? ''}</td>
          </tr>
        ))}
      </Table>
      <p className="muted small">
        {plural(f.count, 'event')}, rule <Link to={`/rules?rule=${encodeURIComponent(f.rule)}`}>{f.rule}</Link>{' '}
        <button type="button" className="button small" aria-expanded={open} onClick={() => setOpen(!open)}>
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

/** The newest of the events as they are in the record. */
function useEvents(story: Story) {
  const ids = story.events.slice(-listed).map((event) => event.id)
  return useQuery({
    queryKey: ['events', ids],
    enabled: ids.length > 0,
    queryFn: ({ signal }) => json<Result>('/api/v1/search', { params: { query: `id:in(${ids.map((id) => JSON.stringify(id)).join(',')})`, limit: listed, payload: 'false' }, signal }),
    staleTime: 300_000,
    placeholderData: (before) => before,
  })
}

/** What is done, where their access was given, about those who made the newest of the calls. */
function Provided({ story }: { story: Story }) {
  const hits = useEvents(story).data?.hits.filter((hit) => (hit.header.principal?.level ?? 0) >= 2) ?? []
  const unique = (values: (string | undefined)[]) => [...new Set(values.filter((each): each is string => !!each))]
  const names = unique(hits.filter((hit) => hit.header.principal?.kind === 'user' && hit.header.credential?.method !== 'api-key').map((hit) => hit.who?.email ?? hit.who?.subject))
  const prints = unique(hits.filter((hit) => isToken(hit.header.credential?.method)).map((hit) => hit.header.credential?.fingerprint))
  if (names.length + prints.length === 0) return null
  return (
    <Panel title="Access">
      <AtProvider names={names} prints={prints} incident={story.incident.id} />
    </Panel>
  )
}

const listed = 12

/** The newest of the events as they are in the record, and the way to each. */
function Events({ story }: { story: Story }) {
  const [clock] = useClock()
  const [all, setAll] = useState(false)
  const answer = useEvents(story)
  const list = all ? story.events : story.events.slice(0, 60)
  return (
    <Panel
      title={`The events (${count(story.events.length)})`}
      actions={
        <Link className="button" to={address('/search', { q: entityQuery(story.incident.entity), from: story.incident.from, to: story.incident.at })}>
          Search around them
        </Link>
      }
      bare
    >
      <Answer query={answer} what="the newest events">
        {(data) => (
          <div className="recent entries" role="group" aria-label="The newest of the events">
            <EntryHead zone={clock.zone} />
            <EntryRows records={data.hits} />
          </div>
        )}
      </Answer>
      <div className="body">
        {story.events.length > listed && (
          <details>
            <summary>All records by their number</summary>
            <ol className="events details-body">
              {list.map((event) => (
                <li key={event.id}>{event.number !== undefined ? <Link to={`/call/${event.number}`}>{count(event.number)}</Link> : <span className="muted mono">{event.id}</span>}</li>
              ))}
            </ol>
            {!all && story.events.length > list.length && (
              <button type="button" className="button" onClick={() => setAll(true)}>
                All {count(story.events.length)}
              </button>
            )}
          </details>
        )}
        <p className="muted small">Each is a record of the ledger: its page has the event, its proof, and an evidence pack.</p>
      </div>
    </Panel>
  )
}
