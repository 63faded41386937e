// Scrolling the rows of a search:
//
//	bash test/console/run.sh measure/scroll.js
//
// ROWS says how many. A record of that many events is made for it; OPS and DATA
// name another, as search.js says. A page at rest is watched first: what it
// drops is the machine's. Chromium runs before other programs, see chromium.sh;
// what the page's thread works is counted in the processor's time, which is the
// same on a busy machine.

import { after, before, describe, it } from 'node:test'
import { Big } from '../lib/big.js'
import { launch } from '../lib/browser.js'
import { frames, memory, mib, say, sayWork } from '../lib/frames.js'
import { load, machine } from '../lib/machine.js'

const rows = Number(process.env.ROWS ?? 100_000)
const rounds = Number(process.env.ROUNDS ?? 1)

describe('scrolling', { timeout: 900_000 }, () => {
  let big, browser
  before(async () => {
    big = await Big.open(rows + 10_000)
    browser = await launch({ measured: true })
  })
  after(async () => {
    await browser?.close()
    await big?.close()
  })

  it(`scrolls ${rows} rows`, async (t) => {
    t.diagnostic(machine())
    const person = await big.come(browser)
    const { page } = person
    await person.go('/search?q=kind%3A%3Daccess')
    const list = page.getByRole('region', { name: 'Results' })
    await list.waitFor()
    const empty = await memory(page)
    const begun = Date.now()
    const loaded = () => page.evaluate(() => document.querySelector('.search-main .rows').clientHeight / 28)
    while ((await loaded()) < rows) {
      await list.evaluate((box) => (box.scrollTop = box.scrollHeight))
      await page.waitForTimeout(20)
    }
    const full = await memory(page)
    t.diagnostic(`${await loaded()} rows after ${((Date.now() - begun) / 1000).toFixed(0)} s; heap ${mib(empty.heap)}, then ${mib(full.heap)}; ${full.nodes} nodes`)
    const height = await list.evaluate((box) => box.scrollHeight)
    const moves = [
      ['not at all', 10, 0],
      ['as a wheel does', 10, 120 * 60 * 10],
      ['from the first row to the last', 20, height],
    ]
    for (let round = 1; round <= rounds; round++) {
      for (const [name, seconds, far] of moves) {
        await list.evaluate((box) => (box.scrollTop = 0))
        await page.waitForTimeout(1000)
        if (far) {
          await list.evaluate((box, { seconds, far }) => {
            const from = performance.now()
            const step = (at) => {
              box.scrollTop = far * Math.max(0, (at - from) / (seconds * 1000))
              if (at - from < seconds * 1000) requestAnimationFrame(step)
            }
            requestAnimationFrame(step)
          }, { seconds, far })
        }
        const seen = await frames(page, seconds)
        t.diagnostic(`${name}, ${Math.round(far / 28 / seconds)} rows a second: ${say(seen)}`)
        t.diagnostic(`${name}: ${sayWork(seen.work)}; ${load()}`)
      }
    }
    person.clean()
  })
})
