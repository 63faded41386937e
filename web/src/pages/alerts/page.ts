import type { Page } from '../../app/pages'

export const page: Page = {
  path: '/alerts',
  title: 'Alerts',
  nav: { group: 'Watch', order: 3, key: 'a', icon: 'M8 2.5l6 10.5H2zM8 6.5v3M8 11.2v.01' },
  load: () => import('./alerts'),
}
