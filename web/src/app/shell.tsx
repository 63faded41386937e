// What is around each page: navigation, who is signed in, the state of the
// connection, and the keyboard.

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Component, lazy, Suspense, useEffect, useRef, useState, useSyncExternalStore, type ReactNode } from 'react'
import { ApiError, json, standingReason } from '../api/client'
import { healthQuery } from '../api/queries'
import { Icon, icons } from '../ui/icon'
import { Dialog } from '../ui/dialog'
import { Empty, Loading, Problem } from '../ui/state'
import { ZoneButton } from '../ui/time'
import { useAnnounced } from './announce'
import { bindings, useKeys } from './keys'
import { find, navigation, pages } from './pages'
import { address, go, Link, usePlace } from './router'
import type { Me } from '../api/model'
import { changeSession, useSession } from './session'
import { useStored } from './stored'
import './shell.css'

export function Shell() {
  const { path, query } = usePlace()
  const session = useSession()
  const announced = useAnnounced()
  const found = find(path)
  const title = found?.page.title ?? 'Not found'
  useEffect(() => {
    document.title = `${title} · Gatebook`
  }, [title])
  // A page is announced, and read from its beginning, when the path changes.
  const main = useRef<HTMLElement>(null)
  const first = useRef(true)
  useEffect(() => {
    if (!first.current) main.current?.focus({ preventScroll: true })
    first.current = false
    main.current?.scrollTo(0, 0)
  }, [path])

  const bare = found?.page.bare ?? false
  const away = !bare && session.data !== undefined && (!session.data.signed_in || session.data.set_password === true)
  useEffect(() => {
    if (away) go(address('/sign-in', { next: path === '/' ? undefined : query ? `${path}?${query}` : path }), { replace: true })
  }, [away, path, query])

  const body = (
    <Fault key={path}>
      <Suspense fallback={<Loading what={title} />}>{found ? <found.page.Component params={found.params} /> : <NotFound />}</Suspense>
    </Fault>
  )
  if (bare) {
    return (
      <main id="main" ref={main} tabIndex={-1} className="bare">
        {body}
      </main>
    )
  }
  if (away) return null
  return (
    <div className="shell">
      <a className="skip" href="#main" onClick={(e) => { e.preventDefault(); main.current?.focus() }}>
        Skip to the page
      </a>
      <Bar session={session.data} path={path} />
      <main id="main" ref={main} tabIndex={-1}>
        <Gone />
        {session.isPending ? <Loading what="your session" /> : session.isError ? <Problem error={session.error} retry={() => void session.refetch()} /> : body}
      </main>
      <div role="status" className="hidden announced">
        {announced}
      </div>
      <Keys role={session.data?.role ?? ''} />
    </div>
  )
}

/** The bar with the navigation: beside the page, or above it on a phone. */
function Bar({ session, path }: { session: Me | undefined; path: string }) {
  const [open, setOpen] = useState(false)
  useEffect(() => setOpen(false), [path])
  return (
    <header className={`bar${open ? ' open' : ''}`} onKeyDown={(e) => { if (e.key === 'Escape') setOpen(false) }}>
      <div className="bar-head">
        <Link to="/" className="brand">
          <svg width="20" height="20" viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="7" fill="var(--accent-ground)" />
            <path d="M9 8h10a4 4 0 0 1 4 4v12H13a4 4 0 0 1-4-4z" fill="none" stroke="#fff" strokeWidth="2.4" />
            <path d="M13.5 15.5l2.6 2.6 4.6-5" fill="none" stroke="#fff" strokeWidth="2.4" strokeLinecap="round" strokeLinejoin="round" />
          </svg>
          Gatebook
        </Link>
        <button type="button" className="button quiet square menu" aria-expanded={open} aria-controls="navigation" aria-label="Menu" onClick={() => setOpen(!open)}>
          <Icon d={open ? icons.close : icons.menu} />
        </button>
      </div>
      <nav id="navigation" aria-label="Main">
        {navigation(session?.role ?? '').map(({ group, pages: list }) => (
          <div key={group} className="nav-group">
            <p className="nav-title" id={`nav-${group}`}>
              {group}
            </p>
            <ul aria-labelledby={`nav-${group}`}>
              {list.map((page) => (
                <li key={page.path}>
                  <Link to={page.path} aria-current={isAt(page.path, path) ? 'page' : undefined} title={`${page.title} (g ${page.nav?.key})`}>
                    <Icon d={page.nav?.icon ?? ''} />
                    {page.title}
                    <AlertBadge page={page.path} />
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </nav>
      <div className="bar-foot">
        <Connection />
        <Reason />
        <Account session={session} />
        <div className="row">
          <ThemeButton />
          <button type="button" className="button quiet square" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)" onClick={() => window.dispatchEvent(new Event('gatebook-keys'))}>
            <Icon d={icons.keyboard} />
          </button>
          <ZoneButton />
        </div>
      </div>
    </header>
  )
}

function isAt(page: string, path: string): boolean {
  return path === page || path.startsWith(`${page}/`)
}

/** How many alerts are open; a page of alerts tells it by the query alerts/open. */
function AlertBadge({ page }: { page: string }) {
  const open = useQuery<number>({ queryKey: ['alerts', 'open'], enabled: false })
  if (page !== '/alerts' || !open.data) return null
  return (
    <span className="badge">
      {open.data > 99 ? '99+' : open.data}
      <span className="hidden"> open</span>
    </span>
  )
}

const states: Record<string, { tone: string; word: string; d: string }> = {
  ok: { tone: 'good', word: 'Recording', d: icons.check },
  degraded: { tone: 'warn', word: 'Degraded', d: 'M8 3v6M8 12.5v.01' },
  failing: { tone: 'bad', word: 'Failing', d: icons.close },
  draining: { tone: 'info', word: 'Stopping', d: icons.pause },
}

function Connection() {
  const health = useQuery(healthQuery)
  const state = health.isError ? { tone: 'bad', word: 'No connection', d: icons.close } : health.data ? (states[health.data.status] ?? { tone: 'neutral', word: health.data.status, d: icons.minus }) : { tone: 'neutral', word: 'Connecting', d: icons.clock }
  const bad = health.data?.checks.filter((check) => !check.ok) ?? []
  return (
    <div className={`connection ${state.tone}`} role="status" title={bad.map((check) => `${check.name}: ${check.detail ?? 'not well'}`).join('\n') || undefined}>
      <Icon d={state.d} size={14} />
      <span>
        {state.word}
        {bad.length > 0 && <span className="small">: {bad.map((check) => check.name).join(', ')}</span>}
      </span>
    </div>
  )
}

/** Says, once for the whole page, that Gatebook does not answer. It asks by itself again and again. */
function Gone() {
  const client = useQueryClient()
  const health = useQuery(healthQuery)
  return (
    <div role="status">
      {health.isError && (
        <div className="notice bad gone">
          <strong>Gatebook does not answer.</strong> What is shown is not the newest.
          <button type="button" className="button small" onClick={() => void client.refetchQueries({ type: 'active' })}>
            Try again
          </button>
        </div>
      )}
    </div>
  )
}

/** The reason that goes with what is looked at, where one was given. */
function Reason() {
  const reason = useSyncExternalStore(standingReason.subscribe, standingReason.get)
  if (!reason) return null
  return (
    <div className="account">
      <div className="small" title={reason}>
        <div className="muted">Reason for looking</div>
        <div className="name">{reason}</div>
      </div>
      <button type="button" className="button quiet square" aria-label="Drop the reason" title="Drop the reason" onClick={() => standingReason.set('')}>
        <Icon d={icons.close} />
      </button>
    </div>
  )
}

function Account({ session }: { session: Me | undefined }) {
  const client = useQueryClient()
  const [error, setError] = useState<unknown>()
  if (!session) return null
  const leave = async () => {
    let onward: string | undefined
    try {
      onward = (await json<{ url?: string }>('/api/v1/session', { method: 'DELETE' })).url
    } catch (e) {
      if (!(e instanceof ApiError) || e.status !== 401) {
        setError(e)
        return
      }
    }
    changeSession(client, undefined)
    if (onward) location.assign(onward)
    else go('/sign-in', { replace: true })
  }
  return (
    <div className="account">
      <div>
        <div className="name" title={session.name}>
          {session.name}
        </div>
        <div className="small muted">{session.role}</div>
      </div>
      {session.session && (
        <button type="button" className="button quiet square" aria-label="Sign out" title="Sign out" onClick={() => void leave()}>
          <Icon d={icons.out} />
        </button>
      )}
      {error !== undefined && (
        <Dialog title="You are still signed in" onClose={() => setError(undefined)}>
          <Problem error={error} retry={() => void leave()} />
        </Dialog>
      )}
    </div>
  )
}

const themes = { system: 'the system', light: 'light', dark: 'dark' } as const

function ThemeButton() {
  const [theme, setTheme] = useStored('theme')
  useEffect(() => {
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
    else delete document.documentElement.dataset.theme
    window.dispatchEvent(new Event('gatebook-theme'))
  }, [theme])
  const now = theme === 'light' || theme === 'dark' ? theme : 'system'
  const next = now === 'system' ? 'dark' : now === 'dark' ? 'light' : 'system'
  return (
    <button type="button" className="button quiet square" aria-label={`Theme: ${themes[now]}. Switch to ${themes[next]}`} title={`Theme: ${themes[now]}`} onClick={() => setTheme(next === 'system' ? null : next)}>
      <Icon d={now === 'light' ? icons.sun : now === 'dark' ? icons.moon : 'M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12'} />
    </button>
  )
}

const Palette = lazy(() => import('./palette'))

/** The shell's keys, and the list of all keys. */
function Keys({ role }: { role: string }) {
  const [shown, setShown] = useState(false)
  const [palette, setPalette] = useState(false)
  useEffect(() => {
    const show = () => setShown(true)
    const anywhere = (event: KeyboardEvent) => {
      if (event.key !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || document.querySelector('dialog[open]')) return
      event.preventDefault()
      setPalette(true)
    }
    window.addEventListener('gatebook-keys', show)
    window.addEventListener('keydown', anywhere)
    return () => {
      window.removeEventListener('gatebook-keys', show)
      window.removeEventListener('keydown', anywhere)
    }
  }, [])
  useKeys([
    { keys: '?', what: 'Show these keys', group: 'Everywhere', run: () => setShown(true) },
    { keys: 'Ctrl+k', what: 'Go to a page, a record, a name, an object', group: 'Everywhere', run: () => setPalette(true) },
    { keys: '/', what: 'Go to the search bar', group: 'Everywhere', run: focusSearch },
    { keys: 'Escape', what: 'Close, or leave a field', group: 'Everywhere', run: () => {} },
    ...navigation(role).flatMap((each) => each.pages).map((page) => ({ keys: `g ${page.nav?.key}`, what: page.title, group: 'Go to', run: () => go(page.path) })),
  ])
  if (palette)
    return (
      <Suspense>
        <Palette role={role} onClose={() => setPalette(false)} />
      </Suspense>
    )
  if (!shown) return null
  const groups = Map.groupBy(bindings(), (each) => each.group)
  return (
    <Dialog title="Keyboard" onClose={() => setShown(false)}>
      <div className="columns keys">
        {[...groups].map(([group, list]) => (
          <section key={group} className="stack">
            <h3>{group}</h3>
            <table>
              <tbody>
                {list.map((each) => (
                  <tr key={each.keys + each.what}>
                    <td className="nowrap">
                      {each.keys.split(' ').map((key) => (
                        <kbd key={key}>{key === 'Escape' ? 'Esc' : key.replace('+k', ' K')}</kbd>
                      ))}
                    </td>
                    <td>{each.what}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        ))}
      </div>
    </Dialog>
  )
}

/** Focuses the search bar of the page, or goes to the page that has one. */
function focusSearch(): void {
  const bar = document.querySelector<HTMLElement>('[data-search]')
  if (bar) bar.focus()
  else go('/search?focus=1')
}

function NotFound() {
  return (
    <div className="page">
      <h1>Not found</h1>
      <Empty title="There is no page at this address" action={<Link to={pages[0]?.path ?? '/'}>Go to the first page</Link>}>
        The address may be of another version of the console, or cut short.
      </Empty>
    </div>
  )
}

/** Catches what a page throws, so that the navigation stays. */
class Fault extends Component<{ children: ReactNode }, { error?: unknown }> {
  override state: { error?: unknown } = {}
  static getDerivedStateFromError(error: unknown) {
    return { error }
  }
  override render() {
    if (this.state.error === undefined) return this.props.children
    const stale = this.state.error instanceof TypeError && /import|module/i.test(this.state.error.message)
    return (
      <div className="page">
        {stale ? (
          <Empty title="The console was updated" action={<button type="button" className="button primary" onClick={() => location.reload()}>Load it again</button>}>
            This page belongs to an older version that is not there any more, or Gatebook does not answer.
          </Empty>
        ) : (
          <Problem error={this.state.error} retry={() => this.setState({ error: undefined })} />
        )}
      </div>
    )
  }
}
