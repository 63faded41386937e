import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { ActMeasure, ReadingPerson } from '../../api/types'
import { json } from '../../api/client'
import { announce } from '../../app/announce'
import { Link } from '../../app/router'
import { useMay } from '../../app/session'
import { Dialog } from '../../ui/dialog'
import { plural } from '../../ui/format'
import { MeasureDialog } from '../../ui/measure'
import { Panel } from '../../ui/panel'
import { AtProvider, isToken } from '../../ui/provider'
import { Answer, Problem } from '../../ui/state'
import { Time } from '../../ui/time'
import { facet, type Entity } from './entity'
import { Key } from './key'
import { isAbout, subjectsOf } from './subject'

const words: Record<string, string> = { block: 'Blocked', throttle: 'Throttled', reauthenticate: 'Must authenticate anew' }

/** What is done about its access, and the way to do something. */
export function Measures({ data: person, entity }: { data: ReadingPerson; entity: Entity }) {
  const { asked, counts } = person
  const methods = facet(counts, 'credential.method').map((each) => each.value)
  const may = useMay()
  const client = useQueryClient()
  const subjects = subjectsOf(entity, asked)
  const [dialog, setDialog] = useState<'act' | ActMeasure>()
  const answer = useQuery({ queryKey: ['measures'], enabled: may('list-measures'), queryFn: ({ signal }) => json<ActMeasure[]>('/api/v1/measures', { signal }) })
  const done = () => {
    setDialog(undefined)
    void client.invalidateQueries({ queryKey: ['measures'] })
  }
  if (!may('list-measures') || subjects.length === 0) return null
  const offered = may('act') || may('propose')
  return (
    <Panel
      title="Access"
      actions={
        offered && (
          <button type="button" className="button danger" onClick={() => setDialog('act')}>
            {may('act') ? 'Block or limit' : 'Propose to block or limit'}
          </button>
        )
      }
    >
      <Answer query={answer} what="what is done about its access">
        {(data) => {
          const list = data.filter((each) => isAbout(each.subject, subjects))
          return list.length === 0 ? (
            <p className="muted">Nothing is blocked or limited at the gateway.{offered ? '' : ' Your role does not allow to act.'}</p>
          ) : (
            <ul className="stack">
              {list.map((each) => (
                <li key={each.id} className="stack">
                  <span className="row">
                    <span className={`tag ${each.state === 'in-force' && !each.dry_run ? 'bad' : 'warn'}`}>{each.state === 'proposed' ? 'proposed' : each.dry_run ? 'dry run' : 'in force'}</span>
                    <strong>{words[each.kind] ?? each.kind}</strong>
                    <span className="muted small">
                      by {each.by || each.rule || 'somebody who was erased'}, <Link to={`/call/${each.decision}`}><Time at={each.since} /></Link>
                      {each.until && (
                        <>
                          , until <Time at={each.until} />
                        </>
                      )}
                      {each.answer_by && (
                        <>
                          ; somebody else must approve it by <Time at={each.answer_by} />
                        </>
                      )}
                    </span>
                    {may('act') && each.state === 'in-force' && (
                      <button type="button" className="button push" onClick={() => setDialog(each)} aria-label={`Undo ${each.id}`}>
                        Undo
                      </button>
                    )}
                  </span>
                  <span className="mono">{each.subject}</span>
                  {each.reason && <span className="muted">{each.reason}</span>}
                  {each.calls ? <span className="muted small">{plural(each.calls, 'call')} {each.dry_run ? 'would have been' : ''} refused since Gatebook started</span> : null}
                </li>
              ))}
            </ul>
          )
        }}
      </Answer>
      {entity.sort === 'Person' && <AtProvider names={[...entity.names].filter((name) => !entity.principals.includes(name))} prints={[]} />}
      {entity.sort === 'Credential' && asked.startsWith('fp:') && methods.some(isToken) && <AtProvider names={[]} prints={[asked]} />}
      {entity.sort === 'Credential' && methods.includes('api-key') && <Key id={person.last?.header.credential?.key_id ?? asked} />}
      {dialog === 'act' && <MeasureDialog subjects={subjects} onClose={() => setDialog(undefined)} />}
      {dialog && dialog !== 'act' && <Undo measure={dialog} onClose={() => setDialog(undefined)} onDone={done} />}
    </Panel>
  )
}

function Undo({ measure, onClose, onDone }: { measure: ActMeasure; onClose: () => void; onDone: () => void }) {
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  return (
    <Dialog title="Undo the measure" onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          setBusy(true)
          setError(undefined)
          const reason = String(new FormData(event.currentTarget).get('reason'))
          json(`/api/v1/measures/${encodeURIComponent(measure.id)}`, { method: 'DELETE', reason }).then(() => {
            announce('The measure is undone, and that is sealed.')
            onDone()
          }, (e: unknown) => {
            setError(e)
            setBusy(false)
          })
        }}
      >
        <p className="mono">{measure.subject}</p>
        <label className="field">
          <span className="label">Why; it is sealed with the decision</span>
          <input className="input" name="reason" required maxLength={500} />
        </label>
        {error !== undefined && <Problem error={error} />}
        <div>
          <button type="submit" className="button primary" disabled={busy}>
            Undo it
          </button>
        </div>
      </form>
    </Dialog>
  )
}
