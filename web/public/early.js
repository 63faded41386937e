// Runs before the first paint and before the application is there.

// So that the page never flashes in the other theme.
try {
  const theme = localStorage.getItem('gatebook.theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // Storage may be closed to us: then the system's theme holds.
}

// Who is signed in: the answer comes while the application is still on its way.
// If there is none, the application asks by itself, and says why there is none.
window.gatebookSession = fetch('/api/v1/session', { headers: { 'Gatebook-Tool': 'console' }, credentials: 'same-origin', cache: 'no-store', redirect: 'error' }).then(
  (answer) => (answer.ok ? answer.json() : undefined),
).catch(() => undefined)
