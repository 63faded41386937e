import type { Page } from '../../app/pages'

export const page: Page = {
  path: '/object/:type/:id',
  title: 'Object',
  load: () => import('./object'),
}
