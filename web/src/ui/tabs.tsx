import { useId, type KeyboardEvent, type ReactNode } from 'react'

export interface Tab {
  id: string
  title: ReactNode
}

/** Tabs of one part of a page. The arrows go from one to the next. */
export function Tabs({ tabs, current, onChange, label, children }: { tabs: readonly Tab[]; current: string; onChange: (id: string) => void; label: string; children: ReactNode }) {
  const base = useId()
  const move = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    const at = tabs.findIndex((tab) => tab.id === current)
    const next = tabs[(at + step + tabs.length) % tabs.length]
    if (!next) return
    onChange(next.id)
    document.getElementById(`${base}-${next.id}`)?.focus()
  }
  return (
    <>
      <div className="tabs" role="tablist" aria-label={label} onKeyDown={move}>
        {tabs.map((tab) => (
          <button key={tab.id} id={`${base}-${tab.id}`} type="button" role="tab" aria-selected={tab.id === current} aria-controls={`${base}-panel`} tabIndex={tab.id === current ? 0 : -1} onClick={() => onChange(tab.id)}>
            {tab.title}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${base}-panel`} aria-labelledby={`${base}-${current}`} className="stack">
        {children}
      </div>
    </>
  )
}
