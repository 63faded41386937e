// Who may read the record: accounts, sessions and tokens; and what they looked at.

import { useQuery } from '../../app/router'
import { useMay } from '../../app/session'
import { Tabs } from '../../ui/tabs'
import { Accounts } from './accounts'
import { Keys, Tokens } from './tokens'
import { LooksOf } from './looks'
import { Sessions } from './sessions'
import './people.css'

export default function People() {
  const [params, set] = useQuery()
  const may = useMay()
  const tabs = [
    ...(may('accounts') ? [{ id: 'accounts', title: 'Accounts' }] : []),
    { id: 'sessions', title: 'Signed in' },
    ...(may('list-keys') ? [{ id: 'tokens', title: 'Tokens of readers' }, { id: 'keys', title: 'API keys of callers' }] : []),
    ...(may('looks') ? [{ id: 'looks', title: 'What they looked at' }] : []),
  ]
  const asked = params.get('show') ?? ''
  const tab = tabs.some((each) => each.id === asked) ? asked : (tabs[0]?.id ?? 'sessions')
  return (
    <div className="page">
      <div className="page-head">
        <h1>People</h1>
        <p className="sub">Who may read this record, and what they looked at.</p>
      </div>
      <Tabs label="People" current={tab} tabs={tabs} onChange={(id) => set({ show: id })}>
        {tab === 'accounts' && <Accounts />}
        {tab === 'sessions' && <Sessions />}
        {tab === 'tokens' && <Tokens />}
        {tab === 'keys' && <Keys />}
        {tab === 'looks' && <LooksOf />}
      </Tabs>
    </div>
  )
}
