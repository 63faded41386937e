import { useState } from 'react'
import { send } from '../../api/client'
import type { Detail } from '../../api/model'
import { useMay, useNeedsReason } from '../../app/session'
import { Code } from '../../ui/copy'
import { Dialog } from '../../ui/dialog'
import { save } from '../../ui/download'
import { count } from '../../ui/format'
import { Icon, icons } from '../../ui/icon'
import { Panel, Pairs } from '../../ui/panel'
import { Empty, Problem } from '../../ui/state'
import { checkPack, checkProof, type Finding } from './verifier'

interface Verdict {
  ok: boolean
  of: string
  findings: Finding[]
  limits: string[]
}

/** The proof that the event is in the ledger, checked in this browser. */
export function ProofPanel({ detail, again }: { detail: Detail; again: () => void }) {
  const may = useMay()
  const { proof, record } = detail
  const [key, setKey] = useState('')
  const [verdict, setVerdict] = useState<Verdict>()
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const [packing, setPacking] = useState(false)

  const run = async (work: () => Promise<Verdict>) => {
    setBusy(true)
    setError(undefined)
    setVerdict(undefined)
    try {
      setVerdict(await work())
    } catch (e) {
      setError(e)
    } finally {
      setBusy(false)
    }
  }
  if (!proof) {
    return (
      <Panel title="Proof">
        <Empty title="No checkpoint covers this event yet" action={<button type="button" className="button" onClick={again}>Ask again</button>}>
          A checkpoint is signed at least once a second while there is traffic.
        </Empty>
      </Panel>
    )
  }
  const check = () =>
    run(async () => {
      const view = await checkProof(proof.text, key || proof.key)
      if (view.error) throw new Error(view.error)
      const limits = ['The contents of the envelopes are not part of this check: an evidence pack with them is.']
      if (!key) limits.unshift('The key is the one that this Gatebook names. Compare it with one that came to you another way.')
      return { ok: view.ok && view.number === record.number, of: 'this event’s proof', findings: view.findings, limits }
    })
  return (
    <Panel
      title="Proof"
      actions={
        <>
          {may('evidence') && (
            <button type="button" className="button" onClick={() => setPacking(true)}>
              <Icon d={icons.download} />
              Evidence pack
            </button>
          )}
          <button type="button" className="button primary" onClick={() => void check()} disabled={busy}>
            {busy ? 'Checking' : 'Verify in this browser'}
          </button>
        </>
      }
    >
      <div role="status" className="stack">
        {verdict && <VerdictView verdict={verdict} />}
        {error !== undefined && <Problem error={error} />}
        {!verdict && error === undefined && <p className="muted">The header of this event is a leaf of a Merkle tree. Here is the way from it to the root that is signed. Nothing is sent anywhere for the check.</p>}
      </div>
      <Pairs
        list={[
          ['Record', <span key="n">{count(proof.number)} of {count(proof.size)}</span>],
          ['Leaf', <span key="l" className="mono">{proof.leaf}</span>],
          ['Path', `${count(proof.path.length)} hashes`],
          ['Key', <span key="k" className="mono">{proof.key}</span>],
        ]}
      />
      <details>
        <summary>Checkpoint, key of your own, and the proof as a file</summary>
        <div className="stack details-body">
          <Code text={proof.checkpoint} label="signed checkpoint" />
          <div className="field">
            <label htmlFor="proof-key">Public key that came to you another way; empty: the one above</label>
            <input id="proof-key" className="input mono" value={key} onChange={(event) => setKey(event.target.value)} spellCheck={false} autoComplete="off" />
          </div>
          <div className="row">
            <button type="button" className="button" onClick={() => save(new Blob([proof.text], { type: 'text/plain' }), `gatebook-${proof.number}.tlog-proof`)}>
              <Icon d={icons.download} />
              Proof (C2SP tlog-proof)
            </button>
          </div>
        </div>
      </details>
      {packing && (
        <PackDialog
          detail={detail}
          onClose={() => setPacking(false)}
          onPack={(pack) => {
            setPacking(false)
            void run(async () => {
              const view = await checkPack(pack, key)
              if (view.error || !view.report) throw new Error(view.error ?? 'the pack could not be read')
              return { ok: view.ok, of: 'the evidence pack that you downloaded', findings: view.report.findings, limits: [...(view.report.unchecked ?? []), ...(view.report.limits ?? [])] }
            })
          }}
        />
      )}
    </Panel>
  )
}

function VerdictView({ verdict }: { verdict: Verdict }) {
  return (
    <div className={`verdict ${verdict.ok ? 'good' : 'bad'}`}>
      <p className="title">
        <Icon d={verdict.ok ? icons.check : icons.close} />
        {verdict.ok ? 'The evidence holds' : 'The evidence does not hold'}
      </p>
      <p className="small">Checked here, in your browser: {verdict.of}.</p>
      <ul className="findings">
        {verdict.findings.map((finding) => (
          <li key={finding.text} className={finding.holds ? 'good' : 'bad'}>
            <Icon d={finding.holds ? icons.check : icons.close} size={14} />
            <span className="said">
              <span className="hidden">{finding.holds ? 'Holds: ' : 'Does not hold: '}</span>
              {finding.text}
            </span>
          </li>
        ))}
        {verdict.limits.map((text) => (
          <li key={text} className="neutral">
            <Icon d={icons.minus} size={14} />
            <span className="said">{text}</span>
          </li>
        ))}
      </ul>
    </div>
  )
}

/** Makes an evidence pack of the event, gives it to the user, and has it checked. */
function PackDialog({ detail, onClose, onPack }: { detail: Detail; onClose: () => void; onPack: (pack: Uint8Array) => void }) {
  const may = useMay()
  const needed = useNeedsReason()('evidence')
  const { header, number } = detail.record
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const envelopes = ['who', 'what', ...(may('view-payload') ? ['payload'] : [])].filter((name) => header.commit?.[name as 'who'])
  const make = async (form: HTMLFormElement) => {
    const data = new FormData(form)
    setBusy(true)
    setError(undefined)
    try {
      const params = { query: `id:=${JSON.stringify(header.id ?? '')}`, from: header.arrived, disclose: data.getAll('disclose').map(String), case: String(data.get('case') ?? '') }
      const response = await send('/api/v1/evidence', { params, reason: String(data.get('reason') ?? '') })
      const pack = new Uint8Array(await response.arrayBuffer())
      save(new Blob([pack], { type: 'application/zip' }), `gatebook-evidence-${number}.zip`)
      onPack(pack)
    } catch (e) {
      setError(e)
      setBusy(false)
    }
  }
  return (
    <Dialog title="Evidence pack of this event" onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          void make(event.currentTarget)
        }}
      >
        <p>One file that proves this event to anyone, without this installation. It opens in a browser and checks itself; it is checked here, too.</p>
        <fieldset>
          <legend className="label">It discloses</legend>
          {envelopes.map((name) => (
            <label key={name} className="check">
              <input type="checkbox" name="disclose" value={name} defaultChecked={name !== 'payload'} /> {name}
            </label>
          ))}
          <p className="muted small">What is not disclosed stays a commitment in it.</p>
        </fieldset>
        <label className="field">
          <span className="label">Case, which is in the pack</span>
          <input className="input" name="case" maxLength={200} />
        </label>
        <label className="field">
          <span className="label">Reason, which is sealed and in the pack{needed ? '' : ' (optional)'}</span>
          <input className="input" name="reason" maxLength={500} required={needed} />
        </label>
        {error !== undefined && <Problem error={error} />}
        <div className="row">
          <button type="submit" className="button primary" disabled={busy}>
            {busy ? 'Making it' : 'Download and verify'}
          </button>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}
