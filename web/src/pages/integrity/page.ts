import type { Page } from '../../app/pages'

export const page: Page = {
  path: '/integrity',
  title: 'Integrity',
  nav: { group: 'Run', order: 1, key: 'i', icon: 'M8 1.5l5.5 2v4.2c0 3.3-2.2 5.7-5.5 6.8-3.3-1.1-5.5-3.5-5.5-6.8V3.5zM5.4 8l1.9 1.9 3.4-3.8' },
  load: () => import('./integrity'),
}
