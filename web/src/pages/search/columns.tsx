import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { fieldsQuery } from '../../api/queries'
import { Dialog } from '../../ui/dialog'
import { Icon, icons } from '../../ui/icon'
import { Answer } from '../../ui/state'

/** Chooses which fields are columns. */
export function ColumnsButton({ columns, onChange }: { columns: string[]; onChange: (columns: string[]) => void }) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        <Icon d={icons.columns} />
        Columns{columns.length > 0 ? ` (${columns.length})` : ''}
      </button>
      {open && <ColumnsDialog columns={columns} onChange={onChange} onClose={() => setOpen(false)} />}
    </>
  )
}

function ColumnsDialog({ columns, onChange, onClose }: { columns: string[]; onChange: (columns: string[]) => void; onClose: () => void }) {
  const fields = useQuery(fieldsQuery)
  const [text, setText] = useState('')
  return (
    <Dialog title="Columns" onClose={onClose}>
      <div className="row">
        <label className="hidden" htmlFor="column-filter">
          Filter the fields
        </label>
        <input id="column-filter" className="input" style={{ flex: 1, width: 'auto' }} placeholder="Filter the fields" value={text} onChange={(event) => setText(event.target.value)} />
        <button type="button" className="button" disabled={columns.length === 0} onClick={() => onChange([])}>
          The usual ones
        </button>
      </div>
      <Answer query={fields} what="the fields">
        {(list) => (
          <ul className="columns-list">
            {list
              .filter((field) => field.part !== 'payload' && field.name.includes(text.trim()))
              .map((field) => (
                <li key={field.name}>
                  <label title={field.doc}>
                    <input type="checkbox" checked={columns.includes(field.name)} onChange={(event) => onChange(event.target.checked ? [...columns, field.name] : columns.filter((name) => name !== field.name))} />{' '}
                    <span className="mono">{field.name}</span>
                    <span className="muted small"> {field.doc}</span>
                  </label>
                </li>
              ))}
          </ul>
        )}
      </Answer>
    </Dialog>
  )
}
