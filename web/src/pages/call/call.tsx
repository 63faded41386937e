import { useQuery } from '@tanstack/react-query'
import { json } from '../../api/client'
import type { Detail, Entry } from '../../api/model'
import { useKeys } from '../../app/keys'
import { go, Link } from '../../app/router'
import { useMay } from '../../app/session'
import { Advice } from '../../ui/advice'
import { Code } from '../../ui/copy'
import { count } from '../../ui/format'
import { Icon, icons } from '../../ui/icon'
import { Panel } from '../../ui/panel'
import { ended, Outcome, what, Who } from '../../ui/record'
import { Answer } from '../../ui/state'
import { Time } from '../../ui/time'
import type { PageProps } from '../../app/pages'
import { LooksPanel } from './looks'
import { PayloadPanel } from './payload'
import { ProofPanel } from './proof'
import { RelatedPanel } from './related'
import { WhatPanel } from './what'
import { WhenPanel } from './when'
import { WhoPanel } from './who'
import './call.css'

export default function Call({ params }: PageProps) {
  const ref = params.ref ?? ''
  const detail = useQuery({
    queryKey: ['event', ref],
    queryFn: ({ signal }) => json<Detail>(`/api/v1/events/${encodeURIComponent(ref)}`, { params: { payload: 'false' }, signal }),
    staleTime: 60_000,
  })
  return (
    <div className="page">
      <h1 className="hidden">Call {ref}</h1>
      <Answer query={detail} what={`record ${ref}`}>
        {(data) => <Shown detail={data} again={() => void detail.refetch()} />}
      </Answer>
    </div>
  )
}

function Shown({ detail, again }: { detail: Detail; again: () => void }) {
  const { record } = detail
  const may = useMay()
  const { verb, name } = what(record)
  const call = record.header.kind === 'access'
  useKeys([
    { keys: ']', what: 'Next record', group: 'Call', run: () => go(`/call/${record.number + 1}`) },
    { keys: '[', what: 'Record before', group: 'Call', run: () => record.number > 0 && go(`/call/${record.number - 1}`) },
  ])
  return (
    <>
      <div className="call-head">
        <div className="row">
          <p className="call-title">
            <strong>{verb}</strong> <span className="mono">{name}</span>
          </p>
          <Outcome header={record.header} />
          <div className="row push">
            {record.number > 0 && (
              <Link className="button square" to={`/call/${record.number - 1}`} aria-label="Record before" title="Record before ([)">
                <Icon d={icons.left} />
              </Link>
            )}
            <Link className="button square" to={`/call/${record.number + 1}`} aria-label="Next record" title="Next record (])">
              <Icon d={icons.right} />
            </Link>
          </div>
        </div>
        <p className="row muted">
          <Who record={record} />
          <Time at={record.header.arrived ?? ''} full />
          <span>
            record {count(record.number)} · {ended(record.header).means}
          </span>
        </p>
      </div>
      {detail.note && !detail.note.startsWith('no checkpoint') && <div className="notice info">{detail.note}</div>}
      {call && (record.header.principal?.level ?? 0) < 2 && (
        <Panel title="Who this is is not known">
          <Advice record={record} />
        </Panel>
      )}
      <div className="columns">
        <div className="stack">
          {call && <WhoPanel record={record} />}
          {call && <WhenPanel header={record.header} />}
          <ProofPanel detail={detail} again={again} />
          {may('looks') && <LooksPanel number={record.number} />}
        </div>
        <div className="stack">
          <WhatPanel record={record} />
          {call && <PayloadPanel key={record.number} record={record} />}
          {call && <RelatedPanel record={record} />}
          <Raw record={record} />
        </div>
      </div>
    </>
  )
}

/** The record as the API gives it. */
function Raw({ record }: { record: Entry }) {
  return (
    <Panel title="Raw">
      <details>
        <summary>The header, and the envelopes that are shown</summary>
        <div className="details-body">
          <Code text={JSON.stringify(record, null, 2)} label="record as JSON" />
        </div>
      </details>
    </Panel>
  )
}
