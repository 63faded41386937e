import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { ApiError, json } from '../../api/client'
import type { SavedEntry, SavedSearch } from '../../api/model'
import { Link, usePlace } from '../../app/router'
import { useMay, useSession } from '../../app/session'
import { useStored } from '../../app/stored'
import { Dialog } from '../../ui/dialog'
import { Icon, icons } from '../../ui/icon'
import { Answer, Empty, Problem } from '../../ui/state'
import { parseOld, pick, placeOf, searchOf } from './saved'

/** Searches that were saved: one's own, and those that are shared. */
export function SavedButton() {
  const [open, setOpen] = useState(false)
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        <Icon d={icons.save} />
        Saved
      </button>
      {open && <SavedDialog onClose={() => setOpen(false)} />}
    </>
  )
}

const save = (search: SavedSearch) => json<SavedEntry>('/api/v1/searches', { method: 'POST', body: search })

/** Brings what was kept in this browser to the server, once. It returns whether that is done. */
function useOld(): boolean {
  const [text, keep] = useStored('searches')
  const [done, setDone] = useState(() => parseOld(text).length === 0)
  useEffect(() => {
    if (!done) void bring(text).then((all) => all && keep(null)).finally(() => setDone(true))
  }, [])
  return done
}

/** Saves each of what a browser kept. If that cannot be done now, it says so: it is tried another time. */
async function bring(text: string | null): Promise<boolean> {
  for (const each of parseOld(text)) {
    try {
      await save(searchOf(each.query, each.name.trim().slice(0, 80), false))
    } catch (error) {
      // There is one of this name already, or it cannot be saved at all.
      if (!(error instanceof ApiError) || (error.code !== 'exists' && error.code !== 'argument')) return false
    }
  }
  return true
}

function SavedDialog({ onClose }: { onClose: () => void }) {
  const may = useMay()
  const client = useQueryClient()
  const { query } = usePlace()
  const [error, setError] = useState<unknown>()
  const ready = useOld()
  const list = useQuery({ queryKey: ['searches'], enabled: ready, queryFn: ({ signal }) => json<SavedEntry[]>('/api/v1/searches', { signal }), staleTime: 30_000 })
  const done = () => {
    setError(undefined)
    void client.invalidateQueries({ queryKey: ['searches'] })
  }
  return (
    <Dialog title="Saved searches" onClose={onClose}>
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault()
          const form = event.currentTarget
          const data = new FormData(form)
          save(searchOf(query, String(data.get('name')).trim(), data.get('shared') !== null)).then(() => {
            form.reset()
            done()
          }, setError)
        }}
      >
        <label className="hidden" htmlFor="saved-name">
          Name of this search
        </label>
        <input id="saved-name" name="name" className="input" style={{ flex: 1, width: 'auto' }} maxLength={80} placeholder="Name of this search" required />
        {may('share-search') && (
          <label className="nowrap" title="Sealed in the record, with the query">
            <input type="checkbox" name="shared" /> for all
          </label>
        )}
        <button type="submit" className="button primary">
          Save this search
        </button>
      </form>
      {error !== undefined && <Problem error={error} />}
      <Answer query={list} what="the saved searches">
        {(entries) =>
          entries.length === 0 ? (
            <Empty title="None yet">Save the search that you have open: its query, time and columns.</Empty>
          ) : (
            <ul className="stack">
              {entries.map((entry) => (
                <Saved key={entry.id} entry={entry} onGo={onClose} onDone={done} onError={setError} />
              ))}
            </ul>
          )
        }
      </Answer>
      <p className="muted small">Also for the command line: gatebook search --saved NAME. What nobody used for a year is deleted.</p>
    </Dialog>
  )
}

function Saved({ entry, onGo, onDone, onError }: { entry: SavedEntry; onGo: () => void; onDone: () => void; onError: (error: unknown) => void }) {
  const may = useMay()
  const [renaming, setRenaming] = useState(false)
  const path = `/api/v1/searches/${entry.id}`
  const mine = useSession().data?.name === entry.owner
  if (renaming)
    return (
      <li>
        <form
          className="row"
          onSubmit={(event) => {
            event.preventDefault()
            const body = { ...pick(entry), name: String(new FormData(event.currentTarget).get('name')).trim() }
            json(path, { method: 'PUT', body }).then(() => {
              setRenaming(false)
              onDone()
            }, onError)
          }}
        >
          <input name="name" className="input" style={{ flex: 1, width: 'auto' }} maxLength={80} defaultValue={entry.name} aria-label={`New name of ${entry.name}`} autoFocus required />
          <button type="submit" className="button">
            Rename
          </button>
          <button type="button" className="button quiet" onClick={() => setRenaming(false)}>
            Cancel
          </button>
        </form>
      </li>
    )
  return (
    <li className="row">
      <Link
        to={placeOf(entry)}
        onClick={() => {
          void json(path).catch(() => undefined) // notes that it is used
          onGo()
        }}
      >
        {entry.name}
      </Link>
      <span className="mono muted small">{entry.query || '*'}</span>
      {entry.shared && <span className="tag">{mine ? 'for all' : `of ${entry.owner}`}</span>}
      <span className="row push">
        {mine && (
          <button type="button" className="button quiet small" onClick={() => setRenaming(true)} aria-label={`Rename ${entry.name}`}>
            Rename
          </button>
        )}
        {(mine || may('keys')) && (
          <button type="button" className="button quiet square" aria-label={`Delete ${entry.name}`} onClick={() => void json(path, { method: 'DELETE' }).then(onDone, onError)}>
            <Icon d={icons.close} />
          </button>
        )}
      </span>
    </li>
  )
}
