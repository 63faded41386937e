import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ApiError, json } from '../../api/client'
import type { ApiKey } from '../../api/model'
import { announce } from '../../app/announce'
import { useMay } from '../../app/session'
import { FormDialog, ReasonField, text } from '../../ui/form'
import { Answer } from '../../ui/state'
import { Time } from '../../ui/time'

const path = '/api/v1/keys'

/** The keys of Gatebook's own; none where it gives none. */
async function keys(signal: AbortSignal): Promise<ApiKey[]> {
  try {
    return await json<ApiKey[]>(path, { signal })
  } catch (error) {
    if (error instanceof ApiError && error.code === 'keys') return []
    throw error
  }
}

/** What an API key is, and the way to revoke it if Gatebook gave it: one of the API behind the gateway is revoked there. */
export function Key({ id }: { id: string }) {
  const may = useMay()
  const client = useQueryClient()
  const [revoking, setRevoking] = useState<ApiKey>()
  const list = useQuery({ queryKey: [path], enabled: may('list-keys'), queryFn: ({ signal }) => keys(signal) })
  const key = list.data?.find((each) => each.id === id)
  return (
    <section className="stack tight" aria-labelledby="own-key">
      <div className="row">
        <h3 id="own-key">The key itself</h3>
        {key && !key.revoked && may('keys') && (
          <button type="button" className="button danger small push" onClick={() => setRevoking(key)}>
            Revoke the key
          </button>
        )}
      </div>
      {may('list-keys') ? (
        <Answer query={list} what="the API keys">
          {() => <Said one={key} />}
        </Answer>
      ) : (
        <p className="muted">If Gatebook gave this key, an administrator can revoke it; your role does not see which keys it gave.</p>
      )}
      {revoking && (
        <FormDialog
          title={`Revoke the key of ${revoking.name}`}
          button="Revoke"
          danger
          onClose={() => setRevoking(undefined)}
          work={async (data) => {
            await json<void>(`${path}/${encodeURIComponent(revoking.id)}`, { method: 'DELETE', reason: text(data, 'reason') })
            await client.invalidateQueries({ queryKey: [path] })
            announce(`The key of ${revoking.name} is revoked, and that is sealed.`)
          }}
        >
          <p>From the next call on it proves nothing: the gateway takes who brings it for nobody, and what needs a caller is refused by the API. A block refuses all calls with it at the gateway. There is no undo: who needs access gets a new key.</p>
          <ReasonField />
        </FormDialog>
      )}
    </section>
  )
}

function Said({ one }: { one: ApiKey | undefined }) {
  if (!one) return <p className="muted">Gatebook did not give this key: the API behind it did, or another. Revoke it there. A block holds at the gateway.</p>
  return (
    <p>
      <span className="mono">{one.id}</span> of <strong>{one.name}</strong>, made <Time at={one.created} />.{' '}
      {one.revoked ? (
        <>
          <span className="tag bad">revoked</span> <Time at={one.revoked} />
        </>
      ) : (
        <span className="muted">{one.expires ? <>It ends <Time at={one.expires} />.</> : 'It never ends by itself.'} A block can be undone, and revoking it cannot.</span>
      )}
    </p>
  )
}
