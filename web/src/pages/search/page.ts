import type { Page } from '../../app/pages'

export const page: Page = {
  path: '/search',
  title: 'Search',
  nav: { group: 'Watch', order: 2, key: 's', icon: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.6 10.6L14 14' },
  load: () => import('./search'),
}
