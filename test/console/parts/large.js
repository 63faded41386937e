// A record of so many calls that one look through it does not reach its end.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Big } from '../lib/big.js'

export function large(world) {
  it('does not say that nothing is there before all of the record was looked through', async () => {
    const big = await Big.open(60_000, { index: false })
    try {
      const { page } = await big.come(world.browser)
      // The first session is in the oldest records, where a look from the newest does not come to at once.
      await page.goto(`${big.ops}/search?q=${encodeURIComponent('operation.session:=s-0')}&from=all`)
      await page.getByText('Nothing found yet').waitFor()
      assert.equal(await page.getByText('Nothing found', { exact: true }).count(), 0)
      await page.getByRole('button', { name: 'Look further' }).click()
      await page.locator('.entry:not(.head)').first().waitFor()
      await page.getByText(/^50 events in /).waitFor()

      await page.goto(`${big.ops}/search?q=${encodeURIComponent('operation.session:=s-none')}&from=all`)
      await page.getByRole('button', { name: 'Look further' }).click()
      await page.getByText('Nothing found', { exact: true }).waitFor()
      await page.context().close()
    } finally {
      await big.close()
    }
  })
}
