import { useState } from 'react'
import { address, Link, usePlace } from '../../app/router'
import { useStored } from '../../app/stored'
import { Dialog } from '../../ui/dialog'
import { Icon, icons } from '../../ui/icon'
import { Empty } from '../../ui/state'

interface Saved {
  name: string
  query: string // of the address
}

/** Reads what was kept; what is not of this form is left out. */
export function parseSaved(text: string | null): Saved[] {
  try {
    const list: unknown = JSON.parse(text ?? '[]')
    if (!Array.isArray(list)) return []
    return list.filter((each): each is Saved => typeof each === 'object' && each !== null && typeof (each as Saved).name === 'string' && typeof (each as Saved).query === 'string')
  } catch {
    return []
  }
}

/** Searches that were saved, in this browser. */
export function SavedButton() {
  const [open, setOpen] = useState(false)
  const [text, keep] = useStored('searches')
  const { query } = usePlace()
  const list = parseSaved(text)
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        <Icon d={icons.save} />
        Saved
      </button>
      {open && (
        <Dialog title="Saved searches" onClose={() => setOpen(false)}>
          <form
            className="row"
            onSubmit={(event) => {
              event.preventDefault()
              const name = String(new FormData(event.currentTarget).get('name')).trim()
              if (name) keep(JSON.stringify([{ name, query }, ...list.filter((each) => each.name !== name)].slice(0, 100)))
              event.currentTarget.reset()
            }}
          >
            <label className="hidden" htmlFor="saved-name">
              Name of this search
            </label>
            <input id="saved-name" name="name" className="input" style={{ flex: 1, width: 'auto' }} maxLength={80} placeholder="Name of this search" required />
            <button type="submit" className="button primary">
              Save this search
            </button>
          </form>
          {list.length === 0 ? (
            <Empty title="None yet">Save the search that you have open: its query, time and columns.</Empty>
          ) : (
            <ul className="stack">
              {list.map((each) => (
                <li key={each.name} className="row">
                  <Link to={address('/search') + (each.query ? `?${each.query}` : '')} onClick={() => setOpen(false)}>
                    {each.name}
                  </Link>
                  <span className="mono muted small">{new URLSearchParams(each.query).get('q') || '*'}</span>
                  <button type="button" className="button quiet square push" aria-label={`Forget ${each.name}`} onClick={() => keep(JSON.stringify(list.filter((other) => other.name !== each.name)))}>
                    <Icon d={icons.close} />
                  </button>
                </li>
              ))}
            </ul>
          )}
          <p className="muted small">They are kept in this browser only. To share one, copy the address of the page.</p>
        </Dialog>
      )}
    </>
  )
}
