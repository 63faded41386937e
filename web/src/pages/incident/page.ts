import type { Page } from '../../app/pages'

export const page: Page = {
  path: '/alerts/:incident',
  title: 'Incident',
  load: () => import('./incident'),
}
