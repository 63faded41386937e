/** Where to go after signing in: an address of this console, and nothing else. */
export function nextOf(query: string, origin: string): string {
  const next = new URLSearchParams(query).get('next') ?? '/'
  if (!next.startsWith('/') || next.startsWith('//') || next.includes('\\')) return '/'
  try {
    const target = new URL(next, origin)
    if (target.origin !== origin || target.pathname === '/sign-in' || target.pathname.startsWith('/api/')) return '/'
    return target.pathname + target.search + target.hash
  } catch {
    return '/'
  }
}

/** The secret of a link: what follows #link=. Browsers send it to nobody. */
export function linkOf(hash: string): string {
  return new URLSearchParams(hash.replace(/^#/, '')).get('link') ?? ''
}
