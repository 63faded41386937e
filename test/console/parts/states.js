// What a page says when it has not what was asked for: that there is nothing,
// that it takes long, that a part is missing, that the role does not allow it,
// that Gatebook is gone. It never says less than it knows.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { until } from '../lib/house.js'
import { picture } from '../lib/pictures.js'
import { inAllStates } from './pages.js'

const everything = `/search?q=${encodeURIComponent('kind:=access')}`

export function states(world) {
  it('says why there is nothing, and what is wrong with a question', async () => {
    const { admin, viewer } = world
    const { page } = admin
    viewer.refused = []
    await admin.go(`/search?q=${encodeURIComponent('who.email:=nobody@shop.example')}`)
    await page.getByText('Nothing found').waitFor()
    await picture(admin, 'nothing-found')
    await admin.go(`/search?q=${encodeURIComponent('who.email:(')}`)
    await page.getByText('The query cannot be understood').first().waitFor()
    await picture(admin, 'query-fault')
    await admin.go('/who/nobody@shop.example')
    await page.getByRole('heading', { name: 'No call is known under this name' }).waitFor()
    await admin.go('/object/customer/of-nobody')
    await page.getByRole('heading', { name: 'Nobody touched it' }).waitFor()
    await admin.go('/nowhere')
    await page.getByText('There is no page at this address').waitFor()
    admin.refused = admin.refused.filter((line) => !line.startsWith('400'))
    admin.clean()
    await viewer.go(`/call/${world.alice}`)
    await viewer.page.getByText('Your role does not see payloads').waitFor()
    await picture(viewer, 'no-permission')
    await viewer.go('/integrity')
    await viewer.page.getByText('Not for your role').first().waitFor()
    viewer.clean()
  })

  it('says that an answer takes long, and shows it when it comes', async () => {
    const { admin } = world
    const { page } = admin
    // The answer of this Gatebook, which arrives only when the page has said what it has to say.
    let arrive
    const held = new Promise((resolve) => (arrive = resolve))
    await page.route(/\/api\/v1\/search\?/, async (route) => {
      await held
      await route.continue()
    })
    await page.goto(world.house.ops + everything)
    await page.getByText(/takes longer than usual/).first().waitFor()
    await picture(admin, 'slow')
    const wrong = await inAllStates(admin, 'slow')
    arrive()
    await page.locator('.result-line').filter({ hasText: /events? in / }).waitFor()
    await page.unroute(/\/api\/v1\/search\?/)
    assert.deepEqual(wrong, [])
    admin.clean()
  })

  it('says how much is not found yet, while the index is behind', async () => {
    const { admin, house } = world
    const { page } = admin
    const calls = house.calling()
    try {
      // Only the index can answer a regular expression; other questions are completed from the ledger.
      await page.goto(`${house.ops}/search?q=${encodeURIComponent('kind:=access what.path:~"^/v1/(customers|orders)"')}`)
      const partial = page.getByText('Not all that matches may be here')
      const again = page.getByRole('button', { name: 'Search again' })
      await again.waitFor()
      await until('an answer that lacks the newest', async () => {
        await Promise.all([page.waitForResponse((response) => response.url().includes('/api/v1/search?')), again.click()])
        await admin.drawn()
        return partial.count()
      })
      await page.getByText(/[\d,]+ of [\d,]+ records are not indexed yet/).waitFor()
      await picture(admin, 'partial')
    } finally {
      await calls.end()
    }
    admin.clean()
  })

  it('keeps a page when Gatebook is killed under it, says that it is gone, and goes on when it is back', async () => {
    const { admin, house } = world
    const { page } = admin
    await admin.go('/operations')
    await page.getByRole('heading', { name: 'Sources' }).waitFor()
    const storage = page.getByRole('region', { name: 'Storage' })
    await storage.getByText('No forecast yet: too little history, 0 of 2 complete days.').waitFor()
    await storage.getByText('Search index').waitFor()
    await house.killServer()
    await page.getByText('No connection').waitFor()
    // What was there stays, and it is said once that it is not the newest.
    await page.getByText('What is shown is not the newest').waitFor()
    assert.ok(await page.getByRole('heading', { name: 'Sources' }).isVisible())
    await picture(admin, 'gone')
    await admin.nav('Search')
    await page.getByRole('alert').filter({ hasText: 'Gatebook does not answer' }).waitFor()
    await picture(admin, 'no-connection')
    const wrong = await inAllStates(admin, 'no connection')
    await house.serve()
    await page.getByText('Recording').waitFor()
    await page.getByRole('button', { name: 'Search again' }).click()
    await page.locator('.result-line').waitFor()
    assert.deepEqual(wrong, [])
    admin.faults = admin.faults.filter((fault) => !/ERR_(CONNECTION|INCOMPLETE|EMPTY)/.test(fault))
    admin.clean()
  })
}
