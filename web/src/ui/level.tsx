import { createElement } from 'react'

// How far an identity is proven. Each level has a shape of its own, and its
// word: none of them is told by colour alone.

export interface LevelInfo {
  word: string
  means: string
  tone: string
}

export const levels: readonly LevelInfo[] = [
  { word: 'none', means: 'The call brought nothing that says who made it.', tone: 'neutral' },
  { word: 'claimed', means: 'The call brought something that was not verified. Who it claims to be is not who it is.', tone: 'warn' },
  { word: 'asserted', means: 'A proxy that is trusted stated it.', tone: 'info' },
  { word: 'verified', means: 'A bearer credential was verified: whoever has it can use it.', tone: 'good' },
  { word: 'bound', means: 'The sender proved that the credential is its own.', tone: 'good' },
]

const unknown: LevelInfo = { word: 'unknown', means: 'This console does not know the level.', tone: 'neutral' }

export function levelInfo(level: number | undefined): LevelInfo {
  return levels[level ?? 0] ?? unknown
}

type Part = readonly [tag: 'path' | 'circle', attributes: Readonly<Record<string, string>>]

const line = { fill: 'none', stroke: 'currentColor', strokeWidth: '1.5', strokeLinejoin: 'round', strokeLinecap: 'round' }
const tick = { fill: 'none', stroke: 'var(--surface)', strokeWidth: '1.7', strokeLinecap: 'round', strokeLinejoin: 'round' }

/** What the mark of each level is drawn of: an empty ring, a question in a diamond, half a disc, a tick in a disc, a tick in a shield. */
const marks: readonly (readonly Part[])[] = [
  [['circle', { ...line, cx: '8', cy: '8', r: '6.2', strokeDasharray: '2.4 2.2' }]],
  [
    ['path', { ...line, d: 'M8 1l7 7-7 7-7-7z' }],
    ['path', { ...line, d: 'M6.4 6.6a1.7 1.7 0 1 1 2.4 1.5c-.6.3-.8.6-.8 1.1M8 11.3v.01' }],
  ],
  [
    ['circle', { ...line, cx: '8', cy: '8', r: '6.2' }],
    ['path', { d: 'M8 1.8a6.2 6.2 0 0 0 0 12.4z', fill: 'currentColor' }],
  ],
  [
    ['circle', { cx: '8', cy: '8', r: '7', fill: 'currentColor' }],
    ['path', { ...tick, d: 'M4.8 8.3l2.2 2.2 4.2-4.7' }],
  ],
  [
    ['path', { d: 'M8 .8l6 2.2v4.6c0 3.6-2.4 6.3-6 7.6-3.6-1.3-6-4-6-7.6V3z', fill: 'currentColor' }],
    ['path', { ...tick, d: 'M4.9 8l2.2 2.2 4-4.5' }],
  ],
]

/** The mark of a level. Said by a word if it has one, else by what stands beside it. */
export function LevelMark({ level = 0, size = 14, word }: { level?: number | undefined; size?: number; word?: string }) {
  const said = word === undefined ? ({ 'aria-hidden': true } as const) : ({ role: 'img', 'aria-label': word } as const)
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" className={levelInfo(level).tone} {...said}>
      {(marks[level] ?? marks[0]!).map(([tag, attributes], i) => createElement(tag, { key: i, ...attributes }))}
    </svg>
  )
}

const made = new Map<number, SVGElement>()

/** The same mark with its word, for rows that are drawn without React: a copy of one that is made once for each level. */
export function levelMark(level: number): SVGElement {
  let mark = made.get(level)
  if (!mark) {
    const info = levelInfo(level)
    mark = svg('svg', { width: '14', height: '14', viewBox: '0 0 16 16', class: info.tone, role: 'img', 'aria-label': info.word })
    for (const [tag, attributes] of marks[level] ?? marks[0]!) mark.append(svg(tag, attributes))
    made.set(level, mark)
  }
  return mark.cloneNode(true) as SVGElement
}

function svg(tag: string, attributes: Readonly<Record<string, string>>): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag) as SVGElement
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name.replace(/^stroke(?=[A-Z])/, 'stroke-').toLowerCase().replace('viewbox', 'viewBox'), value)
  return element
}

/** The mark of a level with its word. */
export function Level({ level = 0, reason }: { level?: number | undefined; reason?: string | undefined }) {
  const info = levelInfo(level)
  return (
    <span className="mark" title={`Level ${level}, ${info.word}: ${info.means}${reason ? ` (${reason})` : ''}`}>
      <LevelMark level={level} />
      <span className={info.tone}>{info.word}</span>
    </span>
  )
}
