import type { Page } from '../../app/pages'

export const page: Page = {
  path: '/data/:class',
  title: 'Class of data',
  load: () => import('./data'),
}
