import { useRef, useState } from 'react'
import { send } from '../../api/client'
import { useMay, useNeedsReason } from '../../app/session'
import { Dialog } from '../../ui/dialog'
import { save } from '../../ui/download'
import { bytes } from '../../ui/format'
import { Icon, icons } from '../../ui/icon'
import { Problem } from '../../ui/state'
import type { View } from './view'

/** Exports all that matches, with the reason if one is given. */
export function ExportButton({ view }: { view: View }) {
  const may = useMay()
  const [open, setOpen] = useState(false)
  if (!may('export')) return null
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        <Icon d={icons.download} />
        Export
      </button>
      {open && <ExportDialog view={view} onClose={() => setOpen(false)} />}
    </>
  )
}

function ExportDialog({ view, onClose }: { view: View; onClose: () => void }) {
  const [format, setFormat] = useState('csv')
  const [got, setGot] = useState<number>()
  const [error, setError] = useState<unknown>()
  const needed = useNeedsReason()('export')
  const abort = useRef<AbortController>(undefined)
  const run = async (form: HTMLFormElement) => {
    const data = new FormData(form)
    const reason = String(data.get('reason') ?? '')
    abort.current = new AbortController()
    setError(undefined)
    setGot(0)
    try {
      const params = { query: view.query, from: view.from, to: view.to, format, columns: format === 'csv' ? view.columns : undefined, limit: String(data.get('limit') ?? '') }
      const response = await send('/api/v1/export', { params, reason, signal: abort.current.signal })
      const blob = await collect(response, setGot)
      save(blob, `gatebook-export.${format}`)
      onClose()
    } catch (e) {
      if (!abort.current.signal.aborted) setError(e)
    } finally {
      setGot(undefined)
    }
  }
  const close = () => {
    abort.current?.abort()
    onClose()
  }
  return (
    <Dialog title="Export" onClose={close}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          void run(event.currentTarget)
        }}
      >
        <p>
          All events that match <code>{view.query || '*'}</code>, oldest first. The export is sealed as a look, with its hash.
        </p>
        <label className="field">
          <span className="label">Form</span>
          <select className="input" value={format} onChange={(event) => setFormat(event.target.value)}>
            <option value="csv">CSV{view.columns.length > 0 ? ' with the columns of this view' : ''}</option>
            <option value="jsonl">JSON lines, whole events</option>
          </select>
        </label>
        <label className="field">
          <span className="label">Events at most; empty: all</span>
          <input className="input" name="limit" type="number" min={1} max={1_000_000_000} />
        </label>
        <label className="field">
          <span className="label">Reason, which is sealed with the export</span>
          <input className="input" name="reason" maxLength={500} required={needed} />
        </label>
        {error !== undefined && <Problem error={error} />}
        <div className="row">
          <button type="submit" className="button primary" disabled={got !== undefined}>
            {got === undefined ? 'Export' : `${bytes(got)} so far`}
          </button>
          <button type="button" className="button" onClick={close}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}

async function collect(response: Response, progress: (bytes: number) => void): Promise<Blob> {
  const reader = response.body!.getReader()
  const parts: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    parts.push(value)
    progress((size += value.length))
  }
  return new Blob(parts, { type: response.headers.get('Content-Type') ?? 'application/octet-stream' })
}
