// The form that does something about access: it says first what that would
// have met, and what comes of asking for it.

import { useQuery } from '@tanstack/react-query'
import { useDeferredValue, useState } from 'react'
import { json } from '../api/client'
import type { Measure, NewMeasure, Preview } from '../api/model'
import { Link } from '../app/router'
import { useMay } from '../app/session'
import { count, plural } from './format'
import { spans } from './incident'
import { kinds } from './measures'
import { Named } from './named'
import { searchPath } from './paths'
import { Answer, Problem } from './state'
import './measure.css'

const hours: Record<string, number> = { '15m': 0.25, '1h': 1, '2h': 2, '8h': 8, '24h': 24, '168h': 168 }

function nanoseconds(span: string): number {
  return (hours[span] ?? 1) * 3_600_000_000_000
}

export interface MeasureFormProps {
  /** Whose calls it can mean; empty: the form asks. */
  subjects: readonly string[]
  /** The incident because of which it is done. */
  incident?: string
  onClose: () => void
  onMade: (measure: Measure) => void
}

/** Decides a measure, or proposes it where a second person must approve. */
export function MeasureForm({ subjects, incident, onClose, onMade }: MeasureFormProps) {
  const may = useMay()
  const acts = may('act')
  const [kind, setKind] = useState<string>('block')
  const [subject, setSubject] = useState(subjects[0] ?? '')
  const [proposed, setProposed] = useState(false)
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const preview = usePreview(kind, useDeferredValue(subject.trim()))
  const needs = preview.data?.approval !== undefined
  const proposes = !acts || proposed || needs
  const submit = (data: FormData) => {
    setBusy(true)
    setError(undefined)
    const body: NewMeasure = { kind, subject: subject.trim(), propose: proposes, dry_run: data.get('dry') === 'on', force: data.get('force') === 'on' }
    const span = String(data.get('for') ?? '')
    if (span) body.for = nanoseconds(span)
    if (kind === 'throttle') body.rate = Number(data.get('rate')) / 60
    if (incident) body.incident = incident
    json<Measure>('/api/v1/measures', { method: 'POST', body, reason: String(data.get('reason') ?? '') })
      .then(onMade, setError)
      .finally(() => setBusy(false))
  }
  const chosen = kinds.find((each) => each.id === kind) ?? kinds[0]
  return (
    <form
      className="stack measure-form"
      onSubmit={(event) => {
        event.preventDefault()
        submit(new FormData(event.currentTarget))
      }}
    >
      <label className="field">
        <span className="label">Whose calls{subjects.length === 0 && ': principal, app, key, credential, address, route or operation; joined by “and”, all must fit'}</span>
        {subjects.length > 1 ? (
          <select className="input wide mono" value={subject} onChange={(event) => setSubject(event.target.value)}>
            {subjects.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        ) : (
          <input className="input mono" value={subject} onChange={(event) => setSubject(event.target.value)} readOnly={subjects.length === 1} required maxLength={512} placeholder="principal:p_…" spellCheck={false} autoComplete="off" />
        )}
      </label>
      <fieldset className="kinds">
        <legend className="label">What is done</legend>
        {kinds.map((each) => (
          <label key={each.id} className="choice">
            <input type="radio" name="kind" value={each.id} checked={kind === each.id} onChange={() => setKind(each.id)} />
            <span>
              <strong>{each.title}</strong> <span className="muted small">{each.says}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <div className="row">
        <label className="field">
          <span className="label">For</span>
          <select className="input" name="for" defaultValue="1h">
            {spans.map((span) => (
              <option key={span.value} value={span.value}>
                {span.word}
              </option>
            ))}
            <option value="">until it is undone</option>
          </select>
        </label>
        {kind === 'throttle' && (
          <label className="field">
            <span className="label">Calls a minute</span>
            <input className="input" name="rate" type="number" min={1} max={60000} defaultValue={30} required />
          </label>
        )}
      </div>
      {subject.trim() !== '' && (
        <section className="would" aria-label="What it would have met">
          <Answer query={preview} what="what it would have met">
            {(data) => <Would preview={data} />}
          </Answer>
        </section>
      )}
      <label className="field">
        <span className="label">Why; it is sealed with the decision</span>
        <input className="input" name="reason" required maxLength={500} />
      </label>
      <details>
        <summary>More choices</summary>
        <div className="stack details-body">
          <label className="choice">
            <input type="checkbox" name="dry" /> <span>Dry run: events say what it would do, and nothing is done</span>
          </label>
          {acts && !needs && (
            <label className="choice">
              <input type="checkbox" checked={proposed} onChange={(event) => setProposed(event.target.checked)} /> <span>Propose it, for somebody else to approve</span>
            </label>
          )}
          <label className="choice">
            <input type="checkbox" name="force" /> <span>Although it means very many calls; somebody else must approve it then</span>
          </label>
        </div>
      </details>
      {error !== undefined && <Problem error={error} />}
      <div className="row">
        <button type="submit" className={proposes ? 'button primary' : 'button danger primary'} disabled={busy}>
          {proposes ? `Propose: ${chosen.does}` : chosen.button}
        </button>
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <span className="muted small">It never means this console: who is blocked can still undo it here.</span>
      </div>
    </form>
  )
}

function usePreview(kind: string, subject: string) {
  return useQuery({
    queryKey: ['measure-preview', kind, subject],
    enabled: subject !== '',
    queryFn: ({ signal }) => json<Preview>('/api/v1/measures/preview', { params: { kind, subject, since: '24h' }, signal }),
    staleTime: 30_000,
    retry: false,
    placeholderData: (before) => (before?.subject === subject ? before : undefined),
  })
}

/** What it would have met in the last day, and what would come of it. */
function Would({ preview: p }: { preview: Preview }) {
  const of = (field: string) => p.counts.find((facet) => facet.field === field)?.values.filter((each) => each.value !== '') ?? []
  const operations = of('operation.route')
  const who = p.last[0]
  return (
    <>
      <p>
        In the last 24 hours it would have met{' '}
        {p.calls === 0 ? (
          <strong>no call</strong>
        ) : (
          <>
            <strong>
              <Link to={searchPath(p.query, '24h')}>{plural(p.calls, 'call')}</Link>
            </strong>{' '}
            of {p.most ? 'more than ' : ''}
            {p.people === 1 && who ? <Named principal={who.header.principal?.id} email={who.who?.email} name={who.who?.name} subject={who.who?.subject} /> : plural(p.people, 'caller')}
            {p.apps > 0 && ` through ${plural(p.apps, 'app')}`}
          </>
        )}
        .
      </p>
      {operations.length > 0 && (
        <p className="muted small">
          {operations
            .slice(0, 4)
            .map((each) => `${each.value} ${count(each.count)}`)
            .join(', ')}
          {operations.length > 4 && ` and ${count(operations.length - 4)} other operations`}
        </p>
      )}
      {p.people > 1 && <div className="notice warn">The calls of all {count(p.people)} callers are meant.</div>}
      {p.refused && <div className="notice bad">It would be refused: {p.refused}.</div>}
      {p.approval && <div className="notice info">Somebody else must approve it: {p.approval}.</div>}
    </>
  )
}
