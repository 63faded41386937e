import type { Page } from '../../app/pages'

export const page: Page = {
  path: '/sign-in',
  title: 'Sign in',
  bare: true,
  load: () => import('./sign-in'),
}
