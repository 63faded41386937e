import type { Page } from '../../app/pages'

export const page: Page = {
  path: '/operations',
  title: 'Operations',
  nav: { group: 'Run', order: 2, key: 'o', icon: 'M2.5 4h11M2.5 8h11M2.5 12h11M5 2.8v2.4M10.5 6.8v2.4M7 10.8v2.4' },
  load: () => import('./operations'),
}
