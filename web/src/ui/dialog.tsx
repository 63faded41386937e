import { useEffect, useId, useRef, type ReactNode } from 'react'
import { Icon, icons } from './icon'

/** A dialog of the browser: it keeps the focus, closes on Esc, and gives the focus back. */
export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const ref = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    const dialog = ref.current
    const before = document.activeElement
    if (dialog && !dialog.open) dialog.showModal()
    return () => {
      dialog?.close()
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  return (
    <dialog ref={ref} aria-labelledby={id} onCancel={(e) => { e.preventDefault(); onClose() }} onClick={(e) => { if (e.target === ref.current) onClose() }}>
      <header>
        <h2 id={id}>{title}</h2>
        <button type="button" className="button quiet square" aria-label="Close" onClick={onClose}>
          <Icon d={icons.close} />
        </button>
      </header>
      <div className="body">{children}</div>
    </dialog>
  )
}
