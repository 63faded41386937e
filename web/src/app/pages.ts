// The pages. Each has a folder below src/pages with a file page.ts that says
// what it is; nothing else has to be changed to add one.

import { lazy, type ComponentType, type LazyExoticComponent } from 'react'
import { match } from './router'

export interface PageProps {
  /** What the pattern of the path holds, decoded: /call/:ref has ref. */
  params: Record<string, string>
}

export interface Page {
  /** The pattern of its path. */
  path: string
  /** In the navigation and in the window's title. */
  title: string
  /** Its place in the navigation; absent: it is reached by links only. */
  nav?: {
    /** Watch what happens, look up what is known, or run this installation. */
    group: 'Watch' | 'Know' | 'Run'
    /** Within the group, lowest first. */
    order: number
    /** The letter that follows g on the keyboard; one of its own for each page. */
    key: string
    /** The path of an icon in a square of 16 by 16, drawn as a line of 1.5. */
    icon: string
  }
  /** Roles that may use it; absent: all. The server decides; this is only what is shown. */
  roles?: readonly string[]
  /** Shown without the navigation, and to people who are not signed in. */
  bare?: boolean
  load: () => Promise<{ default: ComponentType<PageProps> }>
}

type Loaded = Awaited<ReturnType<Page['load']>>

export interface Entry extends Page {
  Component: LazyExoticComponent<ComponentType<PageProps>>
}

const found = import.meta.glob<{ page: Page }>('../pages/*/page.ts', { eager: true })

export const pages: readonly Entry[] = Object.values(found).map(({ page }) => entry(page))

/** A page whose files are loaded once. One that is there already is drawn at once, and not after a moment of "loading". */
function entry(page: Page): Entry {
  let loading: Promise<Loaded> | undefined
  let loaded: Loaded | undefined
  const load = () =>
    (loading ??= page.load().then(
      (module) => (loaded = module),
      (error: unknown) => {
        loading = undefined
        throw error
      },
    ))
  // React asks by then: what calls back at once is not waited for.
  const now: () => Promise<Loaded> = () => (loaded ? ({ then: (back: (module: Loaded) => void) => back(loaded!) } as unknown as Promise<Loaded>) : load())
  return { ...page, load, Component: lazy(now) }
}

const groups = ['Watch', 'Know', 'Run'] as const

/** The navigation: groups that are not empty, in order. */
export function navigation(role: string): { group: string; pages: Entry[] }[] {
  return groups
    .map((group) => ({
      group,
      pages: pages
        .filter((page) => page.nav?.group === group && (!page.roles || page.roles.includes(role)))
        .sort((a, b) => (a.nav?.order ?? 0) - (b.nav?.order ?? 0)),
    }))
    .filter((each) => each.pages.length > 0)
}

export function find(path: string): { page: Entry; params: Record<string, string> } | undefined {
  for (const page of pages) {
    const params = match(page.path, path)
    if (params) return { page, params }
  }
  return undefined
}
