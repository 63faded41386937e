import { useQuery, useQueryClient } from '@tanstack/react-query'
import { json } from '../../api/client'
import type { Measure } from '../../api/model'
import { MeasureList } from '../../ui/measure'
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
