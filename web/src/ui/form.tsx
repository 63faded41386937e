import { useState, type ReactNode } from 'react'
import { Dialog } from './dialog'
import { Problem } from './state'

/** A dialog with a form. What the work gives is shown in place of the form, if it shows something. */
export function FormDialog({ title, button, danger = false, children, work, onClose }: { title: string; button: string; danger?: boolean; children: ReactNode; work: (data: FormData) => Promise<ReactNode | void>; onClose: () => void }) {
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const [shown, setShown] = useState<ReactNode>()
  return (
    <Dialog title={title} onClose={onClose}>
      {shown ? (
        <div className="stack">
          {shown}
          <div>
            <button type="button" className="button primary" onClick={onClose}>
              Close
            </button>
          </div>
        </div>
      ) : (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault()
            const data = new FormData(event.currentTarget)
            setBusy(true)
            setError(undefined)
            work(data).then(
              (result) => {
                setBusy(false)
                if (result) setShown(result)
                else onClose()
              },
              (e: unknown) => {
                setError(e)
                setBusy(false)
              },
            )
          }}
        >
          {children}
          {error !== undefined && <Problem error={error} />}
          <div className="row">
            <button type="submit" className={`button ${danger ? 'danger' : 'primary'}`} disabled={busy}>
              {button}
            </button>
            <button type="button" className="button" onClick={onClose}>
              Cancel
            </button>
          </div>
        </form>
      )}
    </Dialog>
  )
}

export function ReasonField({ required = false }: { required?: boolean }) {
  return (
    <label className="field">
      <span className="label">Reason, which is sealed{required ? '' : ' (optional)'}</span>
      <input className="input" name="reason" required={required} maxLength={500} />
    </label>
  )
}

export function text(data: FormData, name: string): string {
  return String(data.get(name) ?? '').trim()
}
