import { useEffect, useState } from 'react'
import { Icon, icons } from './icon'

/** Copies text. What it copied is said to screen readers too. */
export function Copy({ text, label = 'Copy', quiet = true }: { text: string; label?: string; quiet?: boolean }) {
  const [done, setDone] = useState<'yes' | 'no' | ''>('')
  useEffect(() => {
    if (!done) return
    const timer = setTimeout(() => setDone(''), 2000)
    return () => clearTimeout(timer)
  }, [done])
  const copy = () => copyText(text).then(() => setDone('yes'), () => setDone('no'))
  return (
    <button type="button" className={`button square${quiet ? ' quiet' : ''}`} title={label} aria-label={label} onClick={copy}>
      <Icon d={done === 'yes' ? icons.check : done === 'no' ? icons.close : icons.copy} />
      <span role="status" className="hidden">
        {done === 'yes' ? 'Copied' : done === 'no' ? 'The browser did not allow it: select the text instead' : ''}
      </span>
    </button>
  )
}

/** Copies by the clipboard, or, over plain HTTP where there is none, by a selection. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text)
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'hidden'
  document.body.append(area)
  area.select()
  const ok = document.execCommand('copy')
  area.remove()
  if (!ok) throw new Error('not allowed')
}

/** Text to be copied as it is. */
export function Code({ text, label, wrap = false }: { text: string; label: string; wrap?: boolean }) {
  return (
    <div className={`code${wrap ? ' wrap' : ''}`}>
      <pre tabIndex={0} role="group" aria-label={label}>
        {text}
      </pre>
      <Copy text={text} label={`Copy: ${label}`} />
    </div>
  )
}
