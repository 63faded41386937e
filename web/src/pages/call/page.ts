import type { Page } from '../../app/pages'

export const page: Page = {
  path: '/call/:ref',
  title: 'Call',
  load: () => import('./call'),
}
