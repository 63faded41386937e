import type { Page } from '../../app/pages'

export const page: Page = {
  path: '/',
  title: 'Gatebook',
  load: () => import('./home'),
}
