import { useState, type ReactNode } from 'react'
import { useQuery as useAddress } from '../../app/router'
import { Tabs } from '../../ui/tabs'
import { Apps } from './apps'
import { Callers } from './callers'
import { ClassList } from './classes'
import { Credentials } from './credentials'
import { Diff } from './diff'
import { Drift } from './drift'
import type { Narrowed } from './narrowed'
import { Operations } from './operations'
import './inventory.css'

const tabs: readonly { id: string; title: string; text: boolean; show: (narrowed: Narrowed) => ReactNode }[] = [
  { id: 'operations', title: 'Operations', text: true, show: (n) => <Operations {...n} /> },
  { id: 'callers', title: 'Callers', text: true, show: (n) => <Callers {...n} /> },
  { id: 'apps', title: 'Apps', text: true, show: (n) => <Apps {...n} /> },
  { id: 'credentials', title: 'Credentials', text: true, show: (n) => <Credentials {...n} /> },
  { id: 'classes', title: 'Classes of data', text: false, show: () => <ClassList /> },
  { id: 'drift', title: 'Shadow, zombie, drift', text: false, show: () => <Drift /> },
  { id: 'diff', title: 'Changes', text: false, show: () => <Diff /> },
]

/** What there is: operations, those who call them, and how that differs from what is described. */
export default function Inventory() {
  const [params, set] = useAddress()
  const tab = tabs.find((each) => each.id === params.get('tab')) ?? tabs[0]!
  const text = params.get('text') ?? ''
  return (
    <div className="page">
      <div className="page-head">
        <h1>Inventory</h1>
        <span className="sub">What the recorded calls show that there is.</span>
        {tab.text && <Filter key={text} text={text} onChange={(value) => set({ text: value })} />}
      </div>
      <Tabs tabs={tabs} current={tab.id} onChange={(id) => set({ tab: id === 'operations' ? '' : id, operation: '', open: '', text: '', only: '', from: '', kind: '' })} label="Parts of the inventory">
        {tab.show({ text, api: params.get('api') ?? '' })}
      </Tabs>
    </div>
  )
}

function Filter({ text, onChange }: { text: string; onChange: (text: string) => void }) {
  const [value, setValue] = useState(text)
  return (
    <form
      className="row push"
      role="search"
      onSubmit={(event) => {
        event.preventDefault()
        onChange(value.trim())
      }}
    >
      <input className="input inventory-filter" type="search" aria-label="Part of an id" placeholder="Part of an id" value={value} onChange={(event) => setValue(event.target.value)} />
      <button type="submit" className="button">
        Filter
      </button>
    </form>
  )
}
