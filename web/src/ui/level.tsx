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

/** The mark of a level: an empty ring, a question in a diamond, half a disc, a tick in a disc, a tick in a shield. Said by a word if it has one, else by what stands beside it. */
export function LevelMark({ level = 0, size = 14, word }: { level?: number | undefined; size?: number; word?: string }) {
  const said = word === undefined ? ({ 'aria-hidden': true } as const) : ({ role: 'img', 'aria-label': word } as const)
  const common = { width: size, height: size, viewBox: '0 0 16 16', className: levelInfo(level).tone, ...said } as const
  switch (level) {
    case 1:
      return (
        <svg {...common} fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" strokeLinecap="round">
          <path d="M8 1l7 7-7 7-7-7z" />
          <path d="M6.4 6.6a1.7 1.7 0 1 1 2.4 1.5c-.6.3-.8.6-.8 1.1M8 11.3v.01" />
        </svg>
      )
    case 2:
      return (
        <svg {...common} fill="none" stroke="currentColor" strokeWidth="1.5">
          <circle cx="8" cy="8" r="6.2" />
          <path d="M8 1.8a6.2 6.2 0 0 0 0 12.4z" fill="currentColor" stroke="none" />
        </svg>
      )
    case 3:
      return (
        <svg {...common}>
          <circle cx="8" cy="8" r="7" fill="currentColor" />
          <path d="M4.8 8.3l2.2 2.2 4.2-4.7" fill="none" stroke="var(--surface)" strokeWidth="1.7" strokeLinecap="round" strokeLinejoin="round" />
        </svg>
      )
    case 4:
      return (
        <svg {...common}>
          <path d="M8 .8l6 2.2v4.6c0 3.6-2.4 6.3-6 7.6-3.6-1.3-6-4-6-7.6V3z" fill="currentColor" />
          <path d="M4.9 8l2.2 2.2 4-4.5" fill="none" stroke="var(--surface)" strokeWidth="1.7" strokeLinecap="round" strokeLinejoin="round" />
        </svg>
      )
    default:
      return (
        <svg {...common} fill="none" stroke="currentColor" strokeWidth="1.5" strokeDasharray="2.4 2.2">
          <circle cx="8" cy="8" r="6.2" />
        </svg>
      )
  }
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
