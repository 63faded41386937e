// Figures of docs/console.md, and that browsers reported nothing all the time.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Person } from '../lib/browser.js'

export function figures(world) {
  it('loads little, and had no report of the policy', async (t) => {
    const { house, browser } = world
    const person = await Person.come(browser, house)
    const session = await person.context.newCDPSession(person.page)
    await session.send('Network.enable')
    const sizes = new Map()
    session.on('Network.responseReceived', ({ requestId, response }) => sizes.set(requestId, { url: response.url, bytes: 0 }))
    session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      const size = sizes.get(requestId)
      if (size) size.bytes = encodedDataLength
    })
    await person.page.goto(`${house.ops}/sign-in`)
    await person.page.locator('#username:focus').waitFor()
    const ready = await person.page.evaluate(() => performance.now())
    const first = [...sizes.values()].reduce((sum, each) => sum + each.bytes, 0)
    t.diagnostic(`first load: ${(first / 1024).toFixed(1)} KiB in ${sizes.size} answers; a field has the focus after ${Math.round(ready)} ms`)
    assert.ok(first > 0 && first <= 200 * 1024, `the first load is ${first} bytes`)
    person.clean()
    await person.leave()

    const metrics = (await house.api('/metrics')).text
    const reports = [...metrics.matchAll(/^gatebook_console_csp_reports_total\S*\s+(\S+)/gm)].reduce((sum, [, n]) => sum + Number(n), 0)
    assert.equal(reports, 0, 'browsers reported violations of the policy')
  })
}
