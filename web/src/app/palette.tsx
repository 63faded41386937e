import { useId, useState } from 'react'
import { Dialog } from '../ui/dialog'
import { meanings } from './meaning'
import { navigation } from './pages'
import { go } from './router'
import './palette.css'

/** Goes anywhere by a word: to a page, a record, somebody, an object, an incident, or a search. */
export default function Palette({ role, onClose }: { role: string; onClose: () => void }) {
  const id = useId()
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const list = meanings(
    text,
    navigation(role).flatMap((each) => each.pages),
  )
  const take = (index: number) => {
    const chosen = list[index]
    if (!chosen) return
    onClose()
    go(chosen.to)
  }
  return (
    <Dialog title="Go to" onClose={onClose}>
      <div className="palette">
        <input
          className="input"
          role="combobox"
          aria-label="A page, a record, a name, an object, or words to search for"
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-activedescendant={list[at] ? `${id}-${at}` : undefined}
          aria-autocomplete="list"
          placeholder="A page, a record, a name, an object, or words to search for"
          autoComplete="off"
          spellCheck={false}
          autoFocus
          value={text}
          onChange={(event) => {
            setText(event.target.value)
            setAt(0)
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter') take(at)
            else if (event.key === 'ArrowDown') setAt((at + 1) % list.length)
            else if (event.key === 'ArrowUp') setAt((at + list.length - 1) % list.length)
            else return
            event.preventDefault()
          }}
        />
        <ul id={`${id}-list`} role="listbox" aria-label="Where it leads">
          {list.map((each, i) => (
            <li key={each.to + each.what} id={`${id}-${i}`} role="option" aria-selected={i === at} onPointerMove={() => setAt(i)} onClick={() => take(i)}>
              <span className="muted small">{each.what}</span>
              <span>{each.name}</span>
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  )
}
