import type { Page } from '../../app/pages'

export const page: Page = {
  path: '/people',
  title: 'People',
  nav: { group: 'Run', order: 3, key: 'u', icon: 'M6 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM1.5 13.5c.4-2.7 2.2-4.2 4.5-4.2s4.1 1.5 4.5 4.2M11 7a2 2 0 1 0-.8-3.8M11.8 9.4c1.5.4 2.5 1.7 2.8 4.1' },
  load: () => import('./people'),
}
