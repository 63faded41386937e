import type { Page } from '../../app/pages'

export const page: Page = {
  path: '/who/:name',
  title: 'Who',
  load: () => import('./who'),
}
