// How soon the console can be used on a slow computer:
//
//	bash test/console/run.sh measure/load.js
//
// A processor of a quarter of the speed, 10 Mbit/s, 20 ms to the server, an
// empty cache, somebody who is signed in. ROUNDS says how often; OPS and DATA
// name a record, as search.js says. Chromium runs before other programs, see
// chromium.sh, and nothing watches its scripts, see ../lib/bare.js. What counts
// is when the search bar is on the screen and takes keys. How long the page's
// thread works until then is counted in the processor's time, at its full speed:
// that is the same on a busy machine.

import { after, before, describe, it } from 'node:test'
import { Bare } from '../lib/bare.js'
import { Big } from '../lib/big.js'
import { load, machine } from '../lib/machine.js'

const rounds = Number(process.env.ROUNDS ?? 5)

/** Runs in the page before its own scripts: when the first element of each kind will have been there and drawn, in ms from the beginning. */
const watch = () => {
  const drawn = (selector) =>
    new Promise((resolve) => {
      const look = () => {
        const found = document.querySelector(selector)
        if (!found) return requestAnimationFrame(look)
        if (found.matches('input')) found.focus()
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now())))
      }
      look()
    })
  window.__bar = drawn('[data-search]')
  window.__rows = drawn('.entry:not(.head)')
}

/** Runs in the page: when it had what. */
const came = () => {
  const end = (path) => Math.round(performance.getEntriesByType('resource').find((each) => new URL(each.name).pathname.startsWith(path))?.responseEnd ?? 0)
  return { document: Math.round(performance.getEntriesByType('navigation')[0].responseEnd), main: end('/assets/index'), session: end('/api/v1/session'), page: end('/assets/search') }
}

const run = async (page, what) => {
  const { result, exceptionDetails } = await page.send('Runtime.evaluate', { expression: `(${what})()`, awaitPromise: true, returnByValue: true })
  if (exceptionDetails) throw new Error(exceptionDetails.text)
  return result.value
}

describe('loading', { timeout: 900_000 }, () => {
  let big, browser, agent
  before(async () => {
    big = await Big.open(100_000)
    browser = new Bare()
    agent = (await browser.send('Browser.getVersion')).userAgent
  })
  after(async () => {
    await browser?.close()
    await big?.close()
  })

  /** Loads the page Search in an empty browser, and waits until it was drawn. */
  async function loaded({ slow }) {
    const page = await browser.page(big.ops, await big.cookies(agent))
    await page.send('Page.enable')
    await page.send('Page.addScriptToEvaluateOnNewDocument', { source: `(${watch})()` })
    if (slow) {
      await page.send('Network.enable')
      await page.send('Network.emulateNetworkConditions', { offline: false, latency: 20, downloadThroughput: 1.25e6, uploadThroughput: 1.25e6 })
      await page.send('Emulation.setCPUThrottlingRate', { rate: 4 })
    }
    await page.send('Performance.enable')
    const worked = async () => (await page.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'ThreadTime').value
    const begun = await worked()
    await page.send('Page.navigate', { url: `${big.ops}/search` })
    const bar = await run(page, () => window.__bar)
    const thread = 1000 * ((await worked()) - begun)
    const rows = await run(page, () => window.__rows)
    const times = await run(page, came)
    await page.close()
    return { bar, rows, thread, ...times }
  }

  it('can be used soon on a slow computer', async (t) => {
    t.diagnostic(machine())
    const all = { 'the search bar': [], 'the first rows': [] }
    const worked = []
    for (let i = 0; i < rounds; i++) {
      worked.push((await loaded({ slow: false })).thread)
      const seen = await loaded({ slow: true })
      all['the search bar'].push(seen.bar)
      all['the first rows'].push(seen.rows)
      t.diagnostic(`round ${i + 1}: search bar ${all['the search bar'][i].toFixed(0)} ms; of that the document was there after ${seen.document}, the main script ${seen.main}, the session ${seen.session}, the page's script ${seen.page}; ${load()}`)
    }
    worked.sort((a, b) => a - b)
    t.diagnostic(`until the search bar the page's thread works ${worked[worked.length >> 1].toFixed(0)} ms (median; best ${worked[0].toFixed(0)}) of a processor at its full speed`)
    for (const [what, took] of Object.entries(all)) {
      took.sort((a, b) => a - b)
      t.diagnostic(`${what}: median ${took[took.length >> 1].toFixed(0)} ms, best ${took[0].toFixed(0)}, worst ${took.at(-1).toFixed(0)}`)
    }
  })
})
