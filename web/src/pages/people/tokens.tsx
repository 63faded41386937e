import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { json } from '../../api/client'
import type { ApiKey, KeySecret, Reader, ReaderToken } from '../../api/model'
import { useMay } from '../../app/session'
import { Code } from '../../ui/copy'
import { FormDialog, ReasonField, text } from '../../ui/form'
import { Answer, Empty } from '../../ui/state'
import { Table } from '../../ui/table'
import { Time } from '../../ui/time'
import { RoleField } from './role'

/** Tokens of readers: scripts, and people who use the command line. */
export function Tokens() {
  return <Credentials path="/api/v1/readers" key="readers" noun="token" what="the tokens" may="readers" empty="Nobody reads with a token but the administrator’s own." about="Tokens with which scripts and the command line read the record." revoked="It is refused from the next request on." add={AddToken} />
}

/** API keys with which machines and services call through the gateway. */
export function Keys() {
  return <Credentials path="/api/v1/keys" key="keys" noun="key" what="the API keys" may="keys" empty="No API key was made." about="API keys with which machines and services call through the gateway." revoked="It proves nothing from the next call on: the gateway takes who brings it for nobody, and what needs a caller is refused by the API." add={AddKey} />
}

interface Common {
  path: string
  noun: string
  what: string
  may: string
  empty: string
  about: string
  /** What comes of revoking one. */
  revoked: string
  add: (props: { onClose: () => void }) => React.ReactNode
}

function Credentials({ path, noun, what, may: action, empty, about, revoked, add: Add }: Common) {
  const may = useMay()
  const client = useQueryClient()
  const list = useQuery({ queryKey: [path], queryFn: ({ signal }) => json<(Reader | ApiKey)[]>(path, { signal }) })
  const [adding, setAdding] = useState(false)
  const [revoking, setRevoking] = useState<Reader | ApiKey>()
  const close = () => {
    setAdding(false)
    setRevoking(undefined)
    void client.invalidateQueries({ queryKey: [path] })
  }
  return (
    <>
      <div className="row">
        <p className="muted">{about}</p>
        {may(action) && (
          <button type="button" className="button primary push" onClick={() => setAdding(true)}>
            Make a {noun}
          </button>
        )}
      </div>
      <Answer query={list} what={what}>
        {(data) =>
          data.length === 0 ? (
            <div className="panel">
              <Empty title={empty} />
            </div>
          ) : (
            <Table label={what} heads={['Id', 'Name', 'May', 'Made', 'Ends', '']} as="panel">
              {data.map((each) => (
                <tr key={each.id}>
                  <td className="mono">{each.id}</td>
                  <td>{each.name}</td>
                  <td>{'role' in each ? each.role : [each.kind, ...(each.scopes ?? [])].join(', ')}</td>
                  <td className="nowrap">
                    <Time at={each.created} />
                  </td>
                  <td className="nowrap">{each.revoked ? <span className="tag bad">revoked</span> : each.expires ? <Time at={each.expires} /> : 'never'}</td>
                  <td className="num">
                    {may(action) && !each.revoked && (
                      <button type="button" className="button small danger" onClick={() => setRevoking(each)} aria-label={`Revoke ${each.name}`}>
                        Revoke
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </Answer>
      {adding && <Add onClose={close} />}
      {revoking && (
        <FormDialog title={`Revoke ${revoking.name}`} button="Revoke" danger onClose={close} work={async (data) => json<void>(`${path}/${encodeURIComponent(revoking.id)}`, { method: 'DELETE', reason: text(data, 'reason') })}>
          <p>{revoked}</p>
          <ReasonField />
        </FormDialog>
      )}
    </>
  )
}

function Once({ secret, label }: { secret: string; label: string }) {
  return (
    <div className="secret-once">
      <p>This is shown once, and is kept nowhere. Copy it now.</p>
      <Code text={secret} label={label} wrap />
    </div>
  )
}

function days(data: FormData): string | undefined {
  const n = Number(text(data, 'days'))
  return n > 0 ? new Date(Date.now() + n * 86_400_000).toISOString() : undefined
}

function DaysField() {
  return (
    <label className="field">
      <span className="label">Days until it ends; empty: never</span>
      <input className="input" name="days" type="number" min={1} max={3650} defaultValue={90} />
    </label>
  )
}

function AddToken({ onClose }: { onClose: () => void }) {
  return (
    <FormDialog
      title="Make a token"
      button="Make it"
      onClose={onClose}
      work={async (data) => {
        const expires = days(data)
        const made = await json<ReaderToken>('/api/v1/readers', { method: 'POST', body: { name: text(data, 'name'), role: text(data, 'role'), ...(expires && { expires }) }, reason: text(data, 'reason') })
        return <Once secret={made.token} label="token" />
      }}
    >
      <label className="field">
        <span className="label">Whose, as the looks name them</span>
        <input className="input" name="name" required maxLength={100} autoComplete="off" />
      </label>
      <RoleField token />
      <DaysField />
      <ReasonField />
    </FormDialog>
  )
}

function AddKey({ onClose }: { onClose: () => void }) {
  return (
    <FormDialog
      title="Make an API key"
      button="Make it"
      onClose={onClose}
      work={async (data) => {
        const expires = days(data)
        const scopes = text(data, 'scopes').split(/[\s,]+/).filter(Boolean)
        const made = await json<KeySecret>('/api/v1/keys', { method: 'POST', body: { name: text(data, 'name'), kind: text(data, 'kind'), ...(scopes.length > 0 && { scopes }), ...(expires && { expires }) }, reason: text(data, 'reason') })
        return <Once secret={made.secret} label="API key" />
      }}
    >
      <label className="field">
        <span className="label">Name of the caller</span>
        <input className="input" name="name" required maxLength={100} autoComplete="off" />
      </label>
      <label className="field">
        <span className="label">Kind</span>
        <select className="input" name="kind" defaultValue="service">
          <option>service</option>
          <option>machine</option>
          <option>user</option>
        </select>
      </label>
      <label className="field">
        <span className="label">Scopes, with commas (optional)</span>
        <input className="input" name="scopes" maxLength={1000} spellCheck={false} />
      </label>
      <DaysField />
      <ReasonField />
    </FormDialog>
  )
}
