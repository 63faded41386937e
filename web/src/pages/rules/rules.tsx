// The rules of detection that run here, and what each found.

import { useQuery as useAnswer } from '@tanstack/react-query'
import { json } from '../../api/client'
import type { Findings, RuleState } from '../../api/model'
import { address, Link, useQuery } from '../../app/router'
import { useMay } from '../../app/session'
import { count, duration, plural } from '../../ui/format'
import { entityText, Severity } from '../../ui/incident'
import { Panel, Pairs } from '../../ui/panel'
import { Answer, Empty } from '../../ui/state'
import { Table } from '../../ui/table'
import { Time } from '../../ui/time'
import { Why } from '../incident/why'
import { BacktestPanel } from './backtest'

export default function Rules() {
  const [params, set] = useQuery()
  const text = (params.get('text') ?? '').toLowerCase()
  const name = params.get('rule') ?? ''
  const may = useMay()
  const rules = useAnswer({ queryKey: ['rules'], queryFn: ({ signal }) => json<RuleState[]>('/api/v1/rules', { signal }), refetchInterval: 30_000 })
  return (
    <div className="page">
      <div className="page-head">
        <h1>Rules</h1>
        <p className="sub">What is looked for in each call as it is sealed.</p>
        <div className="row push">
          {may('export') && (
            <Link className="button" to={address('/rules', { try: '1' })}>
              Try a rule
            </Link>
          )}
          <Link className="button" to="/alerts">
            Alerts
          </Link>
        </div>
      </div>
      <Answer query={rules} what="the rules">
        {(list) => {
          const one = list.find((rule) => rule.name === name)
          if (params.has('try')) return <New />
          if (name) return one ? <Rule rule={one} /> : <Empty title={`No rule is called ${name}`} action={<Link to="/rules">All rules</Link>} />
          const shown = list.filter((rule) => `${rule.name} ${rule.title} ${rule.level}`.toLowerCase().includes(text))
          return (
            <>
              <form role="search" className="row" onSubmit={(event) => event.preventDefault()}>
                <input className="input" style={{ maxWidth: 360 }} defaultValue={params.get('text') ?? ''} onChange={(event) => set({ text: event.target.value }, { replace: true })} placeholder="Part of a name, a title or a level" aria-label="Rules that contain" />
                <span className="muted">
                  {plural(shown.length, 'rule')}, {count(shown.filter((rule) => !rule.disabled && !rule.inactive).length)} active
                </span>
              </form>
              {shown.length === 0 ? <Empty title="No rule is like this" /> : <List list={shown} />}
            </>
          )
        }}
      </Answer>
    </div>
  )
}

/** A rule that does not run yet. */
function New() {
  return (
    <>
      <p className="small">
        <Link to="/rules">All rules</Link>
      </p>
      <BacktestPanel />
      <p className="muted small">To have it run, put it into a file that detect.rules of the configuration names.</p>
    </>
  )
}

function List({ list }: { list: readonly RuleState[] }) {
  return (
    <Table label="Rules" heads={['Rule', 'Level', 'Looks at', '#Found', 'Last', '#Cost', 'State']} as="panel">
      {list.map((rule) => (
        <tr key={rule.id}>
          <td>
            <Link to={address('/rules', { rule: rule.name })}>{rule.title}</Link>
            <div className="muted mono">{rule.name}</div>
          </td>
          <td>
            <Severity level={rule.level} />
          </td>
          <td>{(rule.kind ?? 'one event').replace(/_/g, ' ')}</td>
          <td className="num">{rule.findings > 0 ? count(rule.findings) : ''}</td>
          <td className="nowrap">{rule.last ? <Time at={rule.last} /> : ''}</td>
          <td className="num nowrap muted">{rule.cost ? duration(rule.cost) : ''}</td>
          <td>
            <State rule={rule} />
          </td>
        </tr>
      ))}
    </Table>
  )
}

function State({ rule }: { rule: RuleState }) {
  if (rule.disabled) return <span className="tag">disabled</span>
  if (rule.inactive)
    return (
      <span className="tag warn" title="It needs to know where addresses are, and no table of places is configured.">
        inactive
      </span>
    )
  return <span className="tag good">active</span>
}

function Rule({ rule }: { rule: RuleState }) {
  const found = useAnswer({ queryKey: ['findings', rule.name], queryFn: ({ signal }) => json<Findings>('/api/v1/findings', { params: { rule: rule.name, limit: 100 }, signal }) })
  return (
    <>
      <p className="small">
        <Link to="/rules">All rules</Link>
      </p>
      <Panel title={rule.title}>
        <Pairs
          list={[
            ['Name', <span key="n" className="mono">{rule.name}</span>],
            ['Level', <Severity key="l" level={rule.level} />],
            ['State', <State key="s" rule={rule} />],
            ['Looks at', (rule.kind ?? 'one event').replace(/_/g, ' ')],
            ['File', <span key="f" className="mono">{rule.file}</span>],
            ['Cost', rule.cost !== undefined && `${duration(rule.cost)} for an event`],
            ['Found', `${plural(rule.findings, 'finding')} that are kept`],
          ]}
        />
      </Panel>
      <BacktestPanel rule={rule.name} />
      <Panel title="What it found">
        <Answer query={found} what="the findings">
          {(data) =>
            data.findings.length === 0 ? (
              <p className="muted">Nothing that is kept.</p>
            ) : (
              <>
                <Table label={`What ${rule.name} found`} heads={['When', 'About', '#Events', 'Completed by']} as="part">
                  {data.findings.map(({ finding, standing }) => {
                    const last = finding.events.at(-1)
                    return (
                      <tr key={finding.id}>
                        <td className="nowrap">
                          <Time at={finding.at} full /> {standing !== 'current' && <span className="tag">{standing}</span>}
                        </td>
                        <td className="mono">{entityText(finding.entity)}</td>
                        <td className="num">{count(finding.count)}</td>
                        <td>{last?.number !== undefined ? <Link to={`/call/${last.number}`}>{count(last.number)}</Link> : ''}</td>
                      </tr>
                    )
                  })}
                </Table>
                {data.findings[0] && <Why finding={data.findings[0].finding.id} />}
              </>
            )
          }
        </Answer>
      </Panel>
    </>
  )
}
