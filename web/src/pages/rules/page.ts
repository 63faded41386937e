import type { Page } from '../../app/pages'

export const page: Page = {
  path: '/rules',
  title: 'Rules',
  nav: { group: 'Watch', order: 4, key: 'r', icon: 'M3 3h10v10H3zM5.5 6h5M5.5 8.2h5M5.5 10.4h3' },
  load: () => import('./rules'),
}
