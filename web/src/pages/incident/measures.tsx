import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { json } from '../../api/client'
import type { Incident, Measure } from '../../api/model'
import { subjectsOf } from '../../ui/incident'
import { MeasureForm, MeasureList } from '../../ui/measure'
import { Dialog } from '../../ui/dialog'
import { Panel } from '../../ui/panel'

/** What is done about access because of this incident. */
export function Measures({ incident }: { incident: string }) {
  const client = useQueryClient()
  const measures = useQuery({ queryKey: ['measures', 'all'], queryFn: ({ signal }) => json<Measure[]>('/api/v1/measures', { params: { state: 'all' }, signal }), retry: false })
  const list = measures.data?.filter((each) => each.incident === incident) ?? []
  if (list.length === 0) return null
  return (
    <Panel title="Measures" bare>
      <MeasureList list={list} onChange={() => void client.invalidateQueries({ queryKey: ['measures'] })} />
    </Panel>
  )
}

export function MeasureDialog({ incident, onClose, onDone }: { incident: Incident; onClose: () => void; onDone: () => void }) {
  const [made, setMade] = useState(false)
  return (
    <Dialog title="Block or throttle" onClose={made ? onDone : onClose}>
      <MeasureForm subjects={subjectsOf(incident.entity)} incident={incident.id} onClose={made ? onDone : onClose} onMade={() => setMade(true)} />
    </Dialog>
  )
}
