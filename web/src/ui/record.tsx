// How a record is told in a line: who, what, and how it ended.

import type { Entry, Header } from '../api/model'
import { levelInfo, LevelMark } from './level'

export interface Identity {
  name: string
  /** A claim is shown as one, never as an identity. */
  claim: boolean
  /** Nothing is known. */
  nobody: boolean
  level: number
}

/** Who made a call, as it is known best. What was only claimed is marked as a claim. */
export function identity(record: Entry): Identity {
  const { principal, credential, kind } = record.header
  const who = record.who
  const level = principal?.level ?? 0
  if (level >= 2) return { name: who?.email || who?.name || who?.subject || principal?.id || 'a principal without a name', claim: false, nobody: false, level }
  if (kind !== 'access' && level === 0 && !who?.claimed) return { name: 'Gatebook', claim: false, nobody: false, level: 0 }
  if (who?.claimed) return { name: who.claimed, claim: true, nobody: false, level }
  if (credential?.fingerprint) return { name: credential.key_id || credential.fingerprint, claim: true, nobody: false, level }
  return { name: level === 0 ? 'nobody named' : 'not verified', claim: true, nobody: true, level }
}

/** Of what Gatebook did by itself, nothing is to be proven. */
export const ownDoing = ({ header }: Entry): boolean => header.kind !== 'access' && !header.principal?.level

/** What an identity is, in words. */
export function identityMeans(id: Identity): string {
  const info = levelInfo(id.level)
  return `${id.claim && !id.nobody ? `claims to be ${id.name}. ` : ''}Level ${id.level}, ${info.word}: ${info.means}`
}

/** Who made a call, with the mark of how far it is proven. */
export function Who({ record }: { record: Entry }) {
  const id = identity(record)
  const info = levelInfo(id.level)
  if (ownDoing(record)) return <span className="identity muted">{id.name}</span>
  return (
    <span className="identity" title={identityMeans(id)}>
      <LevelMark level={id.level} word={info.word} />
      <span className={`name${id.claim ? ' claim' : ''}`}>{id.claim && !id.nobody ? `“${id.name}”` : id.name}</span>
      {id.claim && !id.nobody && <span className="warn small nowrap">claimed</span>}
    </span>
  )
}

export interface Ended {
  word: string
  tone: 'good' | 'warn' | 'bad' | 'info' | 'neutral'
  shape: 'disc' | 'triangle' | 'square' | 'cross' | 'ring'
  means: string
}

/** How a call ended. */
export function ended(header: Header): Ended {
  const { outcome, kind } = header
  if (kind !== 'access') return { word: kind ?? '', tone: kind === 'gap' ? 'bad' : 'neutral', shape: kind === 'gap' ? 'cross' : 'ring', means: kinds[kind ?? ''] ?? '' }
  const status = outcome?.status ?? 0
  const rpc = outcome?.rpc_status && outcome.rpc_status !== 'OK' ? outcome.rpc_status : ''
  if (outcome?.decision === 'denied') return { word: status ? `${status} denied` : 'denied', tone: 'bad', shape: 'cross', means: `Gatebook refused the call${outcome.reason ? `: ${outcome.reason}` : ''}.` }
  if (!status) return { word: outcome?.error || 'no answer', tone: 'bad', shape: 'cross', means: 'No status was sent.' }
  if (status >= 500) return { word: `${status}`, tone: 'bad', shape: 'square', means: `The API failed${outcome?.error ? `: ${outcome.error}` : ''}.` }
  if (status >= 400) return { word: `${status}`, tone: 'warn', shape: 'triangle', means: 'The API refused the call.' }
  if (rpc) return { word: `${status} ${rpc}`, tone: 'warn', shape: 'triangle', means: `The protocol says: ${rpc}.` }
  if (status >= 300) return { word: `${status}`, tone: 'info', shape: 'ring', means: 'The API sent the caller elsewhere.' }
  if (status < 200) return { word: `${status}`, tone: 'info', shape: 'ring', means: 'The connection was given to another protocol.' }
  return { word: `${status}`, tone: 'good', shape: 'disc', means: outcome?.error ? `Answered, but: ${outcome.error}.` : 'Answered.' }
}

const kinds: Record<string, string> = {
  gap: 'Calls that were served and could not be recorded.',
  look: 'A person or a tool read the record.',
  decision: 'Something was decided.',
  system: 'Something about Gatebook itself.',
}

export function Outcome({ header }: { header: Header }) {
  const e = ended(header)
  return (
    <span className={`mark ${e.tone}`} title={e.means}>
      <span className={`shape ${e.shape}`} />
      {e.word}
    </span>
  )
}

/** What was done, in a line. */
export function what(record: Entry): { verb: string; name: string } {
  const { operation, note, lost, kind } = record.header
  if (kind === 'gap') return { verb: 'gap', name: `${lost?.count ?? 0} calls not recorded: ${lost?.reason ?? ''}` }
  if (kind !== 'access') return { verb: kind ?? '', name: [note?.name, record.what?.query].filter(Boolean).join(' ') }
  const path = record.what?.path || operation?.route || ''
  if (operation?.protocol === 'grpc' && operation.name) return { verb: 'grpc', name: operation.name }
  return { verb: operation?.method ?? '', name: path }
}

/** The objects touched, in a line. */
export function objects(record: Entry): string {
  const list = record.what?.objects ?? []
  if (list.length > 0) {
    const shown = list.slice(0, 3).map((o) => `${o.type}/${o.id}`)
    return shown.join(', ') + (list.length > 3 ? ` and ${list.length - 3} more` : '')
  }
  return (record.header.objects ?? []).join(', ')
}

/** Classes of sensitive data in the answer. */
export function classes(header: Header): string[] {
  return (header.data ?? []).map((d) => d.class ?? '').filter(Boolean)
}
