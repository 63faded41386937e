// Whether the record can be trusted: its signed state, who outside vouches for
// it, what is known to be missing, its clock, and what is removed from it.

import { useQuery } from '@tanstack/react-query'
import { json } from '../../api/client'
import type { Checkpoint } from '../../api/model'
import { Copy, Code } from '../../ui/copy'
import { save } from '../../ui/download'
import { count, plural } from '../../ui/format'
import { Icon, icons } from '../../ui/icon'
import { Panel, Pairs } from '../../ui/panel'
import { Answer } from '../../ui/state'
import { Time } from '../../ui/time'
import { ErasurePanel } from './erasure'
import { HoldsPanel } from './holds'
import { RetentionPanel } from './retention'
import { VerifyPanel } from './verify'

export default function Integrity() {
  return (
    <div className="page">
      <div className="page-head">
        <h1>Integrity</h1>
        <p className="sub">Whether the record is whole, who vouches for it, and what may be removed from it.</p>
      </div>
      <VerifyPanel />
      <CheckpointPanel />
      <div className="columns">
        <RetentionPanel />
        <div className="stack">
          <HoldsPanel />
          <ErasurePanel />
        </div>
      </div>
    </div>
  )
}

function CheckpointPanel() {
  const checkpoint = useQuery({ queryKey: ['checkpoint'], queryFn: ({ signal }) => json<Checkpoint>('/api/v1/checkpoint', { signal }), refetchInterval: 10_000 })
  return (
    <Panel
      title="Signed state"
      actions={
        checkpoint.data && (
          <button type="button" className="button" onClick={() => save(new Blob([checkpoint.data.signed], { type: 'text/plain' }), `checkpoint-${checkpoint.data.size}`)}>
            <Icon d={icons.download} />
            Checkpoint
          </button>
        )
      }
    >
      <Answer query={checkpoint} what="the checkpoint">
        {(c) => (
          <>
            <Pairs
              list={[
                ['Ledger', c.origin],
                ['Records', count(c.size)],
                ['Root', <Hash key="r" text={c.root} label="root" />],
                ['Key', <Hash key="k" text={c.key} label="public key" />],
                ['Witnesses', <Witnesses key="w" checkpoint={c} />],
              ]}
            />
            <p className="muted small">Keep the checkpoint somewhere that the owner of this machine cannot reach: each later state must continue it, and gatebook-verify --since tells if one does not.</p>
            <details>
              <summary>The checkpoint as it is signed</summary>
              <div className="stack details-body">
                <Code text={c.signed} label="signed checkpoint" />
              </div>
            </details>
          </>
        )}
      </Answer>
    </Panel>
  )
}

function Hash({ text, label }: { text: string; label: string }) {
  return (
    <span className="row">
      <span className="mono">{text}</span>
      <Copy text={text} label={`Copy the ${label}`} />
    </span>
  )
}

function Witnesses({ checkpoint: c }: { checkpoint: Checkpoint }) {
  if (!c.cosigned) {
    return (
      <span>
        <span className="warn">None.</span> <span className="muted">What was recorded since a checkpoint was kept elsewhere rests on this machine alone. See docs/witness.md.</span>
      </span>
    )
  }
  const behind = c.size - c.cosigned.size
  return (
    <span>
      {c.cosigned.names.slice(1).join(', ')}: the first {count(c.cosigned.size)} records, at <Time at={c.cosigned.at} full />
      {behind > 0 && <span className="muted">; {plural(behind, 'newer record')} not yet</span>}
    </span>
  )
}
