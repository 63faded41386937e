import { useState } from 'react'
import type { Entry } from '../../api/model'
import { Link } from '../../app/router'
import { missing, unneeded } from '../../ui/fields'
import { bytes, count } from '../../ui/format'
import { Pairs, Panel } from '../../ui/panel'
import { dataPath, objectPath } from '../../ui/paths'
import { Gone } from './gone'
import { Find } from './who'

const bases: Record<string, string> = { document: 'from the API’s description', learned: 'learned from the traffic', person: 'set by a person', protocol: 'from the protocol' }

/** What was done, on what, and what came of it. */
export function WhatPanel({ record }: { record: Entry }) {
  const { header } = record
  const { operation, outcome, capture } = header
  if (header.kind !== 'access') return <OwnPanel record={record} />
  return (
    <Panel title="What">
      {record.erased?.includes('what') && <Gone record={record} name="what" />}
      <Pairs
        list={[
          ['Operation', operation?.name && <Find field="operation.name" value={operation.name} />],
          ['Route', operation?.route && <span><Find field="operation.route" value={operation.route} mono /> <span className="muted small">{bases[operation.basis ?? ''] ?? ''}</span></span>],
          ['Does', operation?.action],
          ['Method', operation?.method],
          ['Host', operation?.host],
          ['Path', record.what?.path && <span className="mono">{record.what.path}</span>],
          ['Query', record.what?.query && <span className="mono">{record.what.query}</span>],
          ['Protocol', [operation?.protocol, operation?.type].filter(Boolean).join(', ')],
          ['Parts', operation?.parts?.join(', ')],
          ['Model', operation?.model && `${operation.model}${operation.tokens ? `, ${count(operation.tokens.in ?? 0)} tokens in, ${count(operation.tokens.out ?? 0)} out` : ''}`],
          ['Trace it names', header.trace?.id && <Find field="trace.id" value={header.trace.id} mono />],
          ['Span it names', header.trace?.parent && <Find field="trace.parent" value={header.trace.parent} mono />],
          ['Outcome', [outcome?.status || 'no status', outcome?.rpc_status, outcome?.decision, outcome?.reason, outcome?.error].filter(Boolean).join(', ')],
          ['Records returned', header.records !== undefined && header.records > 0 && count(header.records)],
          ['Bytes', (header.request?.bytes || header.response?.bytes) && `${bytes(header.request?.bytes ?? 0)} in, ${bytes(header.response?.bytes ?? 0)} out`],
          ['Captured', [capture?.method, capture?.source, capture?.route && `route ${capture.route}`, capture?.durability].filter(Boolean).join(', ')],
        ]}
      />
      <Objects record={record} />
      <Data title="Sensitive data in the answer" list={header.data} />
      <Data title="Sensitive data in the request" list={header.received} />
      {header.partial && <div className="notice warn">Not all that passed was looked at: objects, records and data may be more than these.</div>}
      <Permissions record={record} />
    </Panel>
  )
}

/** The objects that were asked for, and those that came besides. */
function Objects({ record }: { record: Entry }) {
  const list = record.what?.objects ?? []
  if (list.length === 0) {
    const types = record.header.objects ?? []
    return types.length === 0 ? null : <Pairs list={[['Objects', `${types.join(', ')}; which ones is not shown`]]} />
  }
  const asked = list.slice(0, record.what?.asked ?? 0)
  const given = list.slice(asked.length)
  return (
    <>
      <ObjectList title="Objects asked for" list={asked} empty="The request named none." />
      <ObjectList title="Objects given besides" list={given} empty="The answer brought no others." />
    </>
  )
}

const few = 12

function ObjectList({ title, list, empty }: { title: string; list: { type?: string; id?: string }[]; empty: string }) {
  const [all, setAll] = useState(false)
  const shown = all ? list : list.slice(0, few)
  return (
    <section className="stack">
      <h3>
        {title}
        {list.length > 0 && <span className="muted"> {count(list.length)}</span>}
      </h3>
      {list.length === 0 ? (
        <p className="muted">{empty}</p>
      ) : (
        <ul className="objects">
          {shown.map((object) => {
            const name = `${object.type ?? ''}/${object.id ?? ''}`
            return (
              <li key={name}>
                <Link className="mono" to={objectPath(name)} title="Who touched it">
                  {name}
                </Link>
              </li>
            )
          })}
        </ul>
      )}
      {list.length > shown.length && (
        <div>
          <button type="button" className="button small" onClick={() => setAll(true)}>
            Show all {count(list.length)}
          </button>
        </div>
      )}
    </section>
  )
}

function Data({ title, list }: { title: string; list: { class?: string; count?: number }[] | undefined }) {
  if (!list || list.length === 0) return null
  return (
    <section className="stack">
      <h3>{title}</h3>
      <p className="row">
        {list.map((each) => (
          <Link key={each.class} className="tag info" to={dataPath(each.class ?? '')}>
            {each.class} × {count(each.count ?? 0)}
          </Link>
        ))}
      </p>
    </section>
  )
}

/** What the operation needs against what the credential has. */
function Permissions({ record }: { record: Entry }) {
  const { operation, credential } = record.header
  if (!operation?.requires && !credential?.scopes?.length) return null
  const lacks = missing(record)
  const spare = unneeded(record)
  const needs = operation?.requires === 'scopes' ? (operation.scopes ?? []) : []
  return (
    <section className="stack">
      <h3>Permissions</h3>
      <Pairs
        list={[
          ['Needs', operation?.requires === 'nothing' ? 'nothing' : operation?.requires === 'credential' ? 'a credential' : needs.length > 0 ? <Scopes list={needs} bad={lacks} /> : 'not known'],
          ['Missing', lacks.length > 0 && <Scopes list={lacks} bad={lacks} />],
          ['Has, and does not need', spare.length > 0 && <Scopes list={spare} />],
        ]}
      />
    </section>
  )
}

function Scopes({ list, bad = [] }: { list: string[]; bad?: string[] }) {
  return (
    <span className="row tags">
      {list.map((scope) => (
        <span key={scope} className={`tag mono${bad.includes(scope) ? ' bad' : ''}`}>
          {scope}
        </span>
      ))}
    </span>
  )
}

/** Gatebook's own events: looks, decisions, gaps, and what it says of itself. */
function OwnPanel({ record }: { record: Entry }) {
  const { note, lost, kind } = record.header
  return (
    <Panel title="What">
      <Pairs
        list={[
          ['Kind', kind],
          ['Name', note?.name],
          ['Asked', record.what?.query && <span className="mono">{record.what.query}</span>],
          ['By', record.who?.subject],
          ['Calls lost', lost && `${count(lost.count ?? 0)}: ${lost.reason ?? ''}`],
          ['About', record.what?.objects?.map((o) => <div key={`${o.type}/${o.id}`} className="mono">{o.type}/{o.id}</div>)],
          ...(note?.facts ?? []).map((fact) => [fact.name ?? '', <span key={fact.name} className="mono">{fact.value}</span>] as const),
        ]}
      />
    </Panel>
  )
}
