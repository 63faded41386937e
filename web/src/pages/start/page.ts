import type { Page } from '../../app/pages'

export const page: Page = {
  path: '/start',
  title: 'First call',
  nav: { group: 'Run', order: 9, key: 'f', icon: 'M8 1.8v3M8 11.2v3M1.8 8h3M11.2 8h3M8 10.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4z' },
  load: () => import('./start'),
}
