import type { Page } from '../../app/pages'

export const page: Page = {
  path: '/inventory',
  title: 'Inventory',
  nav: { group: 'Know', order: 1, key: 'i', icon: 'M2.5 3h11v3h-11zM2.5 8h4.5v5H2.5zM9 8h4.5v5H9z' },
  load: () => import('./inventory'),
}
