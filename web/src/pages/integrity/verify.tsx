import { useRef, useState } from 'react'
import { ApiError, send } from '../../api/client'
import type { VerifyFault, VerifyItem, VerifyReport } from '../../api/model'
import { readLines } from '../../api/lines'
import { Link } from '../../app/router'
import { useMay } from '../../app/session'
import { count, duration, plural } from '../../ui/format'
import { Icon, icons } from '../../ui/icon'
import { Panel } from '../../ui/panel'
import { Problem } from '../../ui/state'
import { Time } from '../../ui/time'
import './integrity.css'

/** One button that has the whole ledger checked. */
export function VerifyPanel() {
  const may = useMay()
  const [progress, setProgress] = useState<{ done: number; total: number }>()
  const [report, setReport] = useState<VerifyReport>()
  const [error, setError] = useState<unknown>()
  const abort = useRef<AbortController>(undefined)
  const [busy, setBusy] = useState(false)

  const run = async () => {
    abort.current = new AbortController()
    setBusy(true)
    setError(undefined)
    setReport(undefined)
    setProgress({ done: 0, total: 0 })
    let ended = false
    try {
      const response = await send('/api/v1/verify', { method: 'POST', body: {}, signal: abort.current.signal })
      await readLines<VerifyItem>(response, (item) => {
        if (item.progress) setProgress(item.progress)
        if (item.problem) throw new ApiError({ ...item.problem })
        if (item.report) {
          ended = true
          setReport(item.report)
        }
      })
      if (!ended) throw new Error('The connection ended before the report. The verification goes on, and its result is recorded.')
    } catch (e) {
      if (!(e instanceof DOMException && e.name === 'AbortError')) setError(e)
    } finally {
      setBusy(false)
      setProgress(undefined)
    }
  }
  return (
    <Panel
      title="Verify"
      actions={
        <button type="button" className="button primary" onClick={() => void run()} disabled={busy || !may('verify')} title={may('verify') ? undefined : 'This needs the role auditor or administrator.'}>
          {busy ? 'Verifying' : 'Verify the whole ledger'}
        </button>
      }
    >
      <div role="status" className="stack">
        {busy && <Bar done={progress?.done ?? 0} total={progress?.total ?? 0} />}
        {error !== undefined && <Problem error={error} />}
        {report && <Verdict report={report} />}
        {!busy && !report && error === undefined && (
          <p className="muted">
            Every record, envelope, hash and signature is read again from the disk and compared. It changes nothing, and its result is recorded. {!may('verify') && 'It needs the role auditor or administrator.'} Whoever does not trust this
            server runs <code>gatebook-verify</code> on a copy of the ledger.
          </p>
        )}
      </div>
    </Panel>
  )
}

function Bar({ done, total }: { done: number; total: number }) {
  return (
    <div className="stack">
      <progress max={Math.max(total, 1)} value={done} aria-label="Records that were checked" />
      <p className="muted small">{total > 0 ? `${count(done)} of ${plural(total, 'record')}` : 'Opening the ledger'}</p>
    </div>
  )
}

function Verdict({ report: r }: { report: VerifyReport }) {
  const title = r.ok ? 'The evidence holds' : r.problems.length > 0 ? 'The evidence does not hold' : 'Not all could be read'
  return (
    <div className={`verdict ${r.ok ? 'good' : 'bad'}`}>
      <p className="title">
        <Icon d={r.ok ? icons.check : icons.close} />
        {title}
      </p>
      <p>
        {plural(r.size, 'record')} and {plural(r.envelopes, 'envelope')} were checked in {duration(r.took)}; the signed checkpoint covers {count(r.checkpoint)}.
      </p>
      <Faults title="Why it does not hold" list={r.problems} />
      <Faults title="What the disk did not give" list={r.unreadable} />
      <h3>Known to be missing</h3>
      {r.losses.length === 0 ? (
        <p className="muted">Nothing: no call was served without being recorded, no process ended without saying so.</p>
      ) : (
        <ul className="facts">
          {r.losses.map((loss, i) => (
            <li key={i}>
              <Time at={loss.from} full /> to <Time at={loss.to} full />: {loss.count > 0 ? plural(loss.count, 'event') : 'an unknown number of events'}, {loss.reason}
              {loss.edge && ` of ${loss.edge}`}
              {loss.record !== null && loss.record !== undefined && (
                <>
                  {' '}
                  (<Link to={`/call/${loss.record}`}>record {count(loss.record)}</Link>)
                </>
              )}
            </li>
          ))}
        </ul>
      )}
      <h3>Clock</h3>
      {r.clock.length === 0 ? (
        <p className="muted">It had a source all the time, and did not jump.</p>
      ) : (
        <ul className="facts">
          {r.clock.map((state, i) => (
            <li key={i}>
              From <Time at={state.from} full /> {state.to ? <>to <Time at={state.to} full /></> : 'until now'}: {state.what} (<Link to={`/call/${state.record}`}>record {count(state.record)}</Link>)
            </li>
          ))}
        </ul>
      )}
      {r.notes.length > 0 && (
        <>
          <h3>Worth knowing</h3>
          <ul className="facts">
            {r.notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </>
      )}
    </div>
  )
}

function Faults({ title, list }: { title: string; list: readonly VerifyFault[] }) {
  if (list.length === 0) return null
  return (
    <>
      <h3>{title}</h3>
      <ul className="facts">
        {list.map((fault, i) => (
          <li key={i}>
            <span className="mono">
              {fault.file}
              {fault.where && `, ${fault.where}`}
            </span>
            : {fault.what}
          </li>
        ))}
      </ul>
    </>
  )
}
