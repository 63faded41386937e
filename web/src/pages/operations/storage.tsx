// How much room there is, and for how long.

import { useQuery } from '@tanstack/react-query'
import { json } from '../../api/client'
import type { Storage } from '../../api/model'
import { useMay } from '../../app/session'
import { bytes, share } from '../../ui/format'
import { Pairs, Panel } from '../../ui/panel'
import { Answer } from '../../ui/state'
import { Time } from '../../ui/time'

const names: Record<string, string> = { headers: 'Headers and proofs', envelopes: 'Envelopes', journal: 'Not sealed yet', index: 'Search index', objects: 'View of objects', detection: 'State of detection', other: 'Keys, state and the rest' }

export function StoragePanel() {
  const may = useMay()
  const storage = useQuery({ queryKey: ['storage'], enabled: may('setup'), queryFn: ({ signal }) => json<Storage>('/api/v1/storage', { signal }), refetchInterval: 60_000 })
  if (!may('setup')) return null
  return (
    <Panel title="Storage">
      <Answer query={storage} what="the storage">
        {(s) => (
          <>
            <p className={s.low ? 'notice bad' : undefined}>{sentence(s.forecast)}</p>
            {s.problem && <p className="notice bad">Not all could be measured: {s.problem}.</p>}
            <Pairs
              list={[
                ['Free', s.total > 0 && `${bytes(s.free)} of ${bytes(s.total)}, ${share(s.free, s.total)}`],
                ['Full', s.full && !s.full.never && <Time at={s.full.at ?? s.at} />],
                ['A day adds', s.growth && bytes(s.growth.bytes)],
                ...s.parts.filter((part) => part.bytes > 0).map((part) => [names[part.name] ?? part.name, bytes(part.bytes)] as const),
                ['Measured', <Time key="at" at={s.at} />],
              ]}
            />
          </>
        )}
      </Answer>
    </Panel>
  )
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
