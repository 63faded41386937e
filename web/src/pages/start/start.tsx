import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ApiError, json } from '../../api/client'
import type { Entry, Health, Result, Setup } from '../../api/model'
import { healthQuery } from '../../api/queries'
import { Link } from '../../app/router'
import { Advice } from '../../ui/advice'
import { Code } from '../../ui/copy'
import { count } from '../../ui/format'
import { Icon, icons } from '../../ui/icon'
import { Level } from '../../ui/level'
import { Panel } from '../../ui/panel'
import { Outcome, what, Who } from '../../ui/record'
import { Problem } from '../../ui/state'
import { Time } from '../../ui/time'
import './start.css'

const every = 2_000

/** Waits for the first call, and says what is missing for it. */
export default function Start() {
  const health = useQuery(healthQuery)
  const setup = useQuery({ queryKey: ['setup'], queryFn: ({ signal }) => json<Setup>('/api/v1/setup', { signal }), refetchInterval: every, retry: false })
  const calls = useQuery({
    queryKey: ['first-calls'],
    queryFn: ({ signal }) => json<Result>('/api/v1/search', { params: { query: 'kind:=access', limit: 5, payload: 'false' }, signal }),
    // Each question is a look, and is sealed: it is not asked more often than it has to be.
    refetchInterval: (query) => (query.state.data && query.state.data.hits.length > 0 ? false : every),
    retry: false,
  })
  const hits = calls.data?.hits ?? []
  const unknown = hits.find((hit) => (hit.header.principal?.level ?? 0) < 2)
  return (
    <div className="page">
      <div className="page-head">
        <h1>{hits.length > 0 ? 'Calls arrive' : 'Waiting for the first call'}</h1>
        <p className="sub">{hits.length > 0 ? 'Gatebook records what passes through it.' : 'This page checks itself every two seconds.'}</p>
      </div>
      <ol className="panel steps">
        <Ledger health={health.data} error={health.error} />
        <Listeners setup={setup.data} error={setup.error} />
        <Upstreams setup={setup.data} />
        <Arriving calls={calls.data} error={calls.error} />
      </ol>
      <div className="columns">
        <Panel title="Make a call">
          {setup.data?.listeners.length === 0 ? (
            <>
              <p>Give a Go program with the middleware its token, or name a log to be followed under “sources” in the configuration.</p>
              <Code text="gatebook readers add NAME --role edge" label="the command that makes the token of a program" />
            </>
          ) : (
            <p>Send any request to the gateway instead of to the API. Nothing else changes for the caller.</p>
          )}
          {(setup.data?.listeners ?? []).map((listener) => (
            <Code key={listener.name} text={curl(listener.url, pathOf(setup.data))} label={`curl through the listener ${listener.name}`} />
          ))}
          {!setup.data && <Code text={curl('http://127.0.0.1:8400', '/')} label="curl through the gateway" />}
        </Panel>
        {hits.length > 0 && <Newest hits={hits} />}
        {unknown && (
          <Panel title={`Who made the call of record ${count(unknown.number)}?`} actions={<Level level={unknown.header.principal?.level} reason={unknown.header.principal?.reason} />}>
            <Advice record={unknown} />
          </Panel>
        )}
      </div>
    </div>
  )
}

/** The command that makes a call. */
export function curl(url: string, path: string): string {
  return `curl -i '${url}${path.replace(/'/g, '%27')}'`
}

function pathOf(setup: Setup | undefined): string {
  const open = setup?.routes.filter((route) => !route.hosts?.length).map((route) => route.path) ?? []
  return open.sort((a, b) => a.length - b.length)[0] ?? '/'
}

type State = 'good' | 'bad' | 'waiting' | 'unknown'

const looks: Record<State, { tone: string; d: string; word: string }> = {
  good: { tone: 'good', d: icons.check, word: 'well' },
  bad: { tone: 'bad', d: icons.close, word: 'not well' },
  waiting: { tone: 'info', d: icons.clock, word: 'waiting' },
  unknown: { tone: 'neutral', d: icons.minus, word: 'not known' },
}

function Step({ state, title, children }: { state: State; title: string; children?: ReactNode }) {
  const look = looks[state]
  return (
    <li className="step">
      <span className={`step-mark ${look.tone}`}>
        <Icon d={look.d} size={20} />
        <span className="hidden">{look.word}: </span>
      </span>
      <div className="stack">
        <h2>{title}</h2>
        {children}
      </div>
    </li>
  )
}

function Ledger({ health, error }: { health: Health | undefined; error: unknown }) {
  const check = health?.checks.find((each) => each.name === 'ledger')
  if (error) {
    return (
      <Step state="bad" title="Gatebook does not run, or cannot be reached">
        <Problem error={error} />
      </Step>
    )
  }
  if (!check) return <Step state="unknown" title="Gatebook runs" />
  if (!check.ok) {
    return (
      <Step state="bad" title="Gatebook cannot record">
        <p>{check.detail}. Calls of routes that must be recorded are refused. Put right what is said here, then start Gatebook again.</p>
      </Step>
    )
  }
  const index = health?.checks.find((each) => each.name === 'index')
  return (
    <Step state="good" title="Gatebook runs and records">
      <p className="muted">
        {check.detail?.replace(/\d{4,}/, (n) => count(Number(n)))} in the ledger.{index && !index.ok ? ` Search is not there yet: ${index.detail ?? ''}.` : ''}
      </p>
    </Step>
  )
}

/** Whether Gatebook did not answer, which the first step says. */
function away(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'unreachable'
}

function Listeners({ setup, error }: { setup: Setup | undefined; error: unknown }) {
  if (error && !setup) {
    const role = error instanceof ApiError && error.code === 'role'
    return (
      <Step state="unknown" title="The gateway listens">
        {role ? <p className="muted">Your role is not shown how calls come in. An investigator, auditor or administrator is.</p> : !away(error) && <Problem error={error} />}
      </Step>
    )
  }
  if (!setup) return <Step state="unknown" title="The gateway listens" />
  if (setup.listeners.length === 0) {
    return (
      <Step state="unknown" title="No gateway runs here">
        <p>
          Calls come from Go programs with the middleware, and from logs of others. <Link to="/operations">Operations</Link> says what came of each.
        </p>
      </Step>
    )
  }
  return (
    <Step state="good" title="The gateway listens">
      <ul className="plain">
        {setup.listeners.map((listener) => (
          <li key={listener.name}>
            <span className="mono">{listener.url}</span> <span className="muted">{listener.name}</span>
          </li>
        ))}
      </ul>
    </Step>
  )
}

function Upstreams({ setup }: { setup: Setup | undefined }) {
  if (!setup) return <Step state="unknown" title="The API behind it answers" />
  if (setup.listeners.length === 0) return null
  if (setup.routes.length === 0) {
    return (
      <Step state="bad" title="There is no route">
        <p>Say where calls go.</p>
        <Code text={'gateway:\n  routes:\n    - name: api\n      path: /\n      upstream: http://127.0.0.1:3000\n'} label="lines for gatebook.yaml" />
      </Step>
    )
  }
  const bad = setup.routes.filter((route) => !route.reachable)
  return (
    <Step state={bad.length > 0 ? 'bad' : 'good'} title={bad.length > 0 ? 'An API cannot be reached' : 'The API behind it can be reached'}>
      <ul className="plain">
        {setup.routes.map((route) => (
          <li key={route.name}>
            <span className="mono">{route.path}</span> to <span className="mono">{route.upstream}</span> <span className="muted">{route.name}</span>
            {!route.reachable && (
              <p className="bad">
                {route.fault}. To put it right: {route.fix}.
              </p>
            )}
          </li>
        ))}
      </ul>
    </Step>
  )
}

function Arriving({ calls, error }: { calls: Result | undefined; error: unknown }) {
  if (error && !calls) {
    return (
      <Step state="unknown" title="Calls arrive">
        {!away(error) && <Problem error={error} />}
      </Step>
    )
  }
  const first = calls?.hits[0]
  if (!first) {
    return (
      <Step state="waiting" title="No call yet">
        <p>Make one with the command below, or point a client at the gateway.</p>
      </Step>
    )
  }
  return (
    <Step state="good" title="Calls arrive">
      <p>
        The newest: <Time at={first.header.arrived ?? ''} />. <Link to={`/call/${first.number}`}>Look at it</Link>, or <Link to="/live">watch them live</Link>.
      </p>
    </Step>
  )
}

function Newest({ hits }: { hits: readonly Entry[] }) {
  return (
    <Panel title="The newest calls" actions={<Link to="/live">Watch them live</Link>}>
      <ul className="newest">
        {hits.map((hit) => (
          <li key={hit.number}>
            <Outcome header={hit.header} />
            <Link to={`/call/${hit.number}`} className="mono">
              {what(hit).verb} {what(hit).name}
            </Link>
            <Who record={hit} />
          </li>
        ))}
      </ul>
    </Panel>
  )
}
