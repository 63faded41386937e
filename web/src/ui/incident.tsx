// How incidents are told: their severity, their state, and about whom they are.

import type { Value } from '../api/model'

const marks: Record<string, { tone: string; bars: number }> = {
  informational: { tone: 'neutral', bars: 0 },
  low: { tone: 'neutral', bars: 1 },
  medium: { tone: 'warn', bars: 2 },
  high: { tone: 'bad', bars: 3 },
  critical: { tone: 'bad', bars: 4 },
}

/** The colour of a severity. */
export const tones: Record<string, 'warn' | 'bad' | undefined> = { critical: 'bad', high: 'bad', medium: 'warn' }

/** The mark of a severity: as many bars as it weighs, and its word. */
export function Severity({ level }: { level: string }) {
  const mark = marks[level] ?? { tone: 'neutral', bars: 0 }
  return (
    <span className={`mark ${mark.tone}`}>
      <svg width="16" height="14" viewBox="0 0 16 14" aria-hidden="true">
        {[0, 1, 2, 3].map((i) => (
          <rect key={i} x={i * 4} y={10 - i * 3} width="3" height={4 + i * 3} rx="0.5" fill="currentColor" opacity={i < mark.bars ? 1 : 0.22} />
        ))}
      </svg>
      {level}
    </span>
  )
}

export function stateWord(state: string): string {
  return state === 'false-positive' ? 'false alarm' : state
}

export function States({ state }: { state: string }) {
  const tone = state === 'open' ? 'bad' : state === 'acknowledged' ? 'info' : 'good'
  return (
    <span>
      <span className={`tag ${tone}`}>{stateWord(state)}</span>
    </span>
  )
}

const words: Record<string, string> = {
  'principal.id': 'principal',
  'credential.client': 'app',
  'credential.fingerprint': 'credential',
  'credential.key_id': 'key',
  'who.address': 'address',
  'who.network': 'network',
  'operation.route': 'route',
  'operation.host': 'host',
  'capture.route': 'route',
}

/** About whom or what, in a line. */
export function entityText(entity: readonly Value[]): string {
  return entity.map((each) => `${words[each.field] ?? each.field} ${each.value}`).join(', ') || 'erased, or not named'
}

const subjects: Record<string, string> = {
  'principal.id': 'principal',
  'credential.client': 'app',
  'credential.fingerprint': 'credential',
  'credential.key_id': 'key',
  'who.address': 'address',
  'who.network': 'address',
  'capture.route': 'route',
}

/** The subjects that a measure could have, the most telling first. */
export function subjectsOf(entity: readonly Value[]): string[] {
  const order = Object.keys(subjects)
  return entity
    .filter((each) => subjects[each.field] && each.value)
    .sort((a, b) => order.indexOf(a.field) - order.indexOf(b.field))
    .map((each) => `${subjects[each.field]}:${each.value}`)
}

/** A query for what the entity did. */
export function entityQuery(entity: readonly Value[]): string {
  return entity.map((each) => `${each.field}:=${JSON.stringify(each.value)}`).join(' ')
}

/** How long something may last. */
export const spans = [
  { value: '15m', word: '15 minutes' },
  { value: '1h', word: 'an hour' },
  { value: '2h', word: '2 hours' },
  { value: '8h', word: '8 hours' },
  { value: '24h', word: 'a day' },
  { value: '168h', word: 'a week' },
] as const
