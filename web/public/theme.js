// Runs before the first paint, so that the page never flashes in the other theme.
try {
  const theme = localStorage.getItem('gatebook.theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // Storage may be closed to us: then the system's theme holds.
}
