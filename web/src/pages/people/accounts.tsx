import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { json } from '../../api/client'
import type { Account, AccountMade, SignInLink } from '../../api/model'
import { useMay } from '../../app/session'
import { Code } from '../../ui/copy'
import { FormDialog, ReasonField, text } from '../../ui/form'
import { Answer, Empty } from '../../ui/state'
import { Table } from '../../ui/table'
import { Time } from '../../ui/time'
import { RoleField } from './role'

type Asked = { act: 'add' } | { act: 'role' | 'disable' | 'enable' | 'remove' | 'link'; account: Account }

/** Who may sign in. */
export function Accounts() {
  const may = useMay()
  const client = useQueryClient()
  const accounts = useQuery({ queryKey: ['accounts'], queryFn: ({ signal }) => json<Account[]>('/api/v1/accounts', { signal }) })
  const [asked, setAsked] = useState<Asked>()
  const close = () => {
    setAsked(undefined)
    void client.invalidateQueries({ queryKey: ['accounts'] })
    void client.invalidateQueries({ queryKey: ['sessions'] })
  }
  return (
    <>
      <div className="row">
        <p className="muted">Local accounts, and people whom the identity provider signed in.</p>
        {may('accounts') && (
          <button type="button" className="button primary push" onClick={() => setAsked({ act: 'add' })}>
            Add an account
          </button>
        )}
      </div>
      <Answer query={accounts} what="the accounts">
        {(list) =>
          list.length === 0 ? (
            <div className="panel">
              <Empty title="Nobody has an account">People can also read the record with tokens.</Empty>
            </div>
          ) : (
            <Table label="Accounts" heads={['Name', 'Role', 'From', 'Last signed in', '']} as="panel">
              {list.map((account) => (
                <tr key={account.id}>
                  <td>
                    {account.name} {account.disabled && <span className="tag bad">disabled</span>} {account.invited && <span className="tag warn">invited</span>}
                  </td>
                  <td>{account.role}</td>
                  <td className="muted">{account.issuer || 'local account'}</td>
                  <td className="nowrap">{account.signed_in ? <Time at={account.signed_in} full /> : 'never'}</td>
                  <td className="num nowrap">
                    {may('accounts') && (
                      <span className="row end">
                        {!account.issuer && (
                          <>
                            <button type="button" className="button small" onClick={() => setAsked({ act: 'role', account })} aria-label={`Change the role of ${account.name}`}>
                              Role
                            </button>
                            <button type="button" className="button small" onClick={() => setAsked({ act: 'link', account })} aria-label={`A link for ${account.name} to sign in`}>
                              Link
                            </button>
                          </>
                        )}
                        <button type="button" className="button small" onClick={() => setAsked({ act: account.disabled ? 'enable' : 'disable', account })} aria-label={`${account.disabled ? 'Enable' : 'Disable'} ${account.name}`}>
                          {account.disabled ? 'Enable' : 'Disable'}
                        </button>
                        <button type="button" className="button small danger" onClick={() => setAsked({ act: 'remove', account })} aria-label={`Remove ${account.name}`}>
                          Remove
                        </button>
                      </span>
                    )}
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </Answer>
      {asked?.act === 'add' && <Add onClose={close} />}
      {asked && asked.act !== 'add' && <Change act={asked.act} account={asked.account} onClose={close} />}
    </>
  )
}

function Link({ link }: { link: SignInLink }) {
  return (
    <div className="secret-once">
      <p>This link signs in once, and is shown once. Pass it on over a safe way.</p>
      <Code text={link.url} label="link to sign in" wrap />
      <p className="muted small">
        It is good until <Time at={link.expires} full />.
      </p>
    </div>
  )
}

function Add({ onClose }: { onClose: () => void }) {
  return (
    <FormDialog
      title="Add an account"
      button="Add"
      onClose={onClose}
      work={async (data) => {
        const made = await json<AccountMade>('/api/v1/accounts', { method: 'POST', body: { name: text(data, 'name'), role: text(data, 'role') }, reason: text(data, 'reason') })
        return made.link ? <Link link={made.link} /> : undefined
      }}
    >
      <label className="field">
        <span className="label">Name, with which they sign in</span>
        <input className="input" name="name" required maxLength={100} autoComplete="off" />
      </label>
      <RoleField />
      <ReasonField />
      <p className="muted small">The answer is a link, by which they set their password.</p>
    </FormDialog>
  )
}

function Change({ act, account, onClose }: { act: 'role' | 'disable' | 'enable' | 'remove' | 'link'; account: Account; onClose: () => void }) {
  const path = `/api/v1/accounts/${encodeURIComponent(account.id)}`
  const title = { role: 'Change the role of', disable: 'Disable', enable: 'Enable', remove: 'Remove', link: 'A link to sign in for' }[act]
  return (
    <FormDialog
      title={`${title} ${account.name}`}
      button={{ role: 'Change', disable: 'Disable', enable: 'Enable', remove: 'Remove', link: 'Make it' }[act]}
      danger={act === 'remove' || act === 'disable'}
      onClose={onClose}
      work={async (data) => {
        const reason = text(data, 'reason')
        switch (act) {
          case 'role':
            await json(path, { method: 'POST', body: { role: text(data, 'role') }, reason })
            return
          case 'disable':
          case 'enable':
            await json(path, { method: 'POST', body: { disabled: act === 'disable' }, reason })
            return
          case 'remove':
            await json(path, { method: 'DELETE', reason })
            return
          case 'link':
            return <Link link={await json<SignInLink>(`${path}/link`, { method: 'POST', reason })} />
        }
      }}
    >
      {act === 'role' && <RoleField value={account.role} />}
      {act !== 'link' && <p>Their sessions end at once.</p>}
      {act === 'remove' && <p>What they looked at and decided stays in the record.</p>}
      <ReasonField />
    </FormDialog>
  )
}
