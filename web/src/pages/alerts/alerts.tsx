// The queue of incidents: what was found, about whom, and who has it.

import { useQuery as useAnswer, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { json } from '../../api/client'
import type { Incident, Incidents } from '../../api/model'
import { follow } from '../../api/stream'
import { go, Link, useQuery } from '../../app/router'
import { count, plural } from '../../ui/format'
import { entityText, Severity, stateWord, States } from '../../ui/incident'
import { useList } from '../../ui/list'
import { useNames } from '../../ui/names'
import { Answer, Empty } from '../../ui/state'
import { Tabs } from '../../ui/tabs'
import { Time } from '../../ui/time'
import { Silences } from './silences'
import './alerts.css'

const severities = ['', 'medium', 'high', 'critical'] as const

export default function Alerts() {
  const [params, set] = useQuery()
  const tab = params.get('show') ?? 'active'
  return (
    <div className="page">
      <div className="page-head">
        <h1>Alerts</h1>
        <p className="sub">What the rules found, one incident for each person, app or address.</p>
        <div className="row push">
          <Link className="button" to="/rules">
            Rules
          </Link>
        </div>
      </div>
      <Tabs
        label="Alerts"
        current={tab}
        onChange={(id) => set({ show: id === 'active' ? '' : id })}
        tabs={[
          { id: 'active', title: 'Open' },
          { id: 'closed', title: 'Closed' },
          { id: 'silences', title: 'Silences' },
        ]}
      >
        {tab === 'silences' ? <Silences /> : <Queue closed={tab === 'closed'} />}
      </Tabs>
    </div>
  )
}

function Queue({ closed }: { closed: boolean }) {
  const [params, set] = useQuery()
  const severity = params.get('severity') ?? ''
  const text = params.get('text') ?? ''
  const query = useAnswer({
    queryKey: ['incidents', closed, severity, text],
    queryFn: ({ signal }) => json<Incidents>('/api/v1/incidents', { params: { state: closed ? ['resolved', 'false-positive'] : ['open', 'acknowledged'], severity, text, limit: 200 }, signal }),
  })
  const live = useChanges()
  const client = useQueryClient()
  const open = query.data?.counts.open
  useEffect(() => {
    if (open !== undefined) client.setQueryData(['alerts', 'open'], open) // the badge of the shell
  }, [client, open])
  return (
    <>
      <form
        className="row"
        role="search"
        onSubmit={(event) => {
          event.preventDefault()
          set({ text: String(new FormData(event.currentTarget).get('text') ?? '').trim() })
        }}
      >
        <input key={text} className="input alerts-text" name="text" defaultValue={text} placeholder="Part of a title, a rule or an entity" aria-label="Incidents that contain" />
        <select className="input" aria-label="Severity at least" value={severity} onChange={(event) => set({ severity: event.target.value })}>
          {severities.map((each) => (
            <option key={each} value={each}>
              {each === '' ? 'any severity' : `${each} or higher`}
            </option>
          ))}
        </select>
        <button type="submit" className="button">
          Filter
        </button>
        {live !== 'open' && <span className="notice warn">{live === 'again' ? 'The stream of alerts broke off and is tried again: this list may be old.' : 'Connecting to the stream of alerts.'}</span>}
      </form>
      <Answer query={query} what="the incidents">
        {(data) =>
          data.incidents.length === 0 ? (
            <div className="panel">
              <Empty title={severity || text ? 'No incident is like this' : closed ? 'Nothing was closed yet' : 'Nothing is open'}>
                {severity || text ? 'Change the filter above.' : closed ? 'Incidents that are resolved, or were false alarms, stay here.' : 'What the rules find appears here within a second of the call. To see one: gatebook demo attack.'}
              </Empty>
            </div>
          ) : (
            <List list={data.incidents} />
          )
        }
      </Answer>
    </>
  )
}

/** Asks again when an incident changes. Returns how the stream is. */
function useChanges(): 'connecting' | 'open' | 'again' {
  const client = useQueryClient()
  const [state, setState] = useState<'connecting' | 'open' | 'again'>('connecting')
  useEffect(() => {
    const abort = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const refresh = () => {
      timer ??= setTimeout(() => {
        timer = undefined
        void client.invalidateQueries({ queryKey: ['incidents'] })
      }, 250)
    }
    void follow('/api/v1/alerts/tail', () => ({}), abort.signal, {
      opened: () => {
        setState('open')
        refresh()
      },
      broken: () => setState('again'),
      message: ({ event }) => {
        if (event !== 'ping') refresh()
      },
    })
    return () => {
      abort.abort()
      clearTimeout(timer)
    }
  }, [client])
  return state
}

const isPrincipal = (value: Incident['entity'][number]) => value.field === 'principal.id'

function List({ list }: { list: readonly Incident[] }) {
  const [current] = useList(
    list.length,
    (index) => go(`/alerts/${list[index]?.id ?? ''}`),
    (index) => document.getElementById(`incident-${index}`)?.scrollIntoView({ block: 'nearest' }),
  )
  const names = useNames(list.flatMap((each) => each.entity.filter(isPrincipal).map((value) => value.value)))
  const named = (entity: Incident['entity']) => names.get(entity.find(isPrincipal)?.value ?? '')
  return (
    <ul className="list alerts-list" aria-label="Incidents, those first that changed last">
      {list.map((each, index) => (
        <li key={each.id} id={`incident-${index}`}>
          <Link to={`/alerts/${each.id}`} className={`alert-row${index === current ? ' current' : ''}`} aria-current={index === current || undefined}>
            <Severity level={each.severity} />
            <span className="alert-title">
              <strong>{each.title}</strong>
              <span className="alert-entity">
                {named(each.entity) && <span>{named(each.entity)}</span>}
                <span className="muted">{entityText(each.entity)}</span>
              </span>
            </span>
            <States state={each.state} />
            <span className="muted alert-who">{each.assignee || (each.state === 'open' ? 'nobody has it' : stateWord(each.state))}</span>
            <span className="num alert-figures">
              <span>
                {count(Math.round(each.risk))} <span className="muted">risk</span>
              </span>
              <span className="muted small">{plural(each.findings, 'finding')}</span>
            </span>
            <Time at={each.changed} rough />
          </Link>
        </li>
      ))}
    </ul>
  )
}
