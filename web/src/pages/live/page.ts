import type { Page } from '../../app/pages'

export const page: Page = {
  path: '/live',
  title: 'Live',
  nav: { group: 'Watch', order: 1, key: 'l', icon: 'M1.5 8h3l2-5 3 10 2-5h3' },
  load: () => import('./live'),
}
