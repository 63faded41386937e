import { useCallback } from 'react'
import type { Entry } from '../api/model'
import { useClock } from '../app/time'
import { EntryView } from './entryview'
import { EntryHead } from './row'
import { Rows, useRowHeight, type RowsProps } from './rows'

const to = (record: Entry) => `/call/${record.number}`

/** Records in a list that draws only what is in sight. */
export function Entries(props: Omit<RowsProps<Entry>, 'height' | 'make' | 'to' | 'head' | 'width'>) {
  const [clock] = useClock()
  const height = useRowHeight()
  const make = useCallback(() => new EntryView(clock), [clock])
  return <Rows {...props} height={height} make={make} to={to} head={<EntryHead zone={clock.zone} />} />
}
