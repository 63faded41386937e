// Search in the browser, over a record of millions of events:
//
//	go run ./test/console/big -data DIR -events 5000000
//	gatebook serve --data DIR ...        (until its index has them all)
//	OPS=http://127.0.0.1:8401 DATA=DIR bash test/console/run.sh measure/search.js
//
// How long it takes from the key to the rows. Each question is asked when all
// that the one before asked for is there; with RUSH=1 at once, while the index
// still counts for the facets of the one before. Chromium runs before other
// programs, see chromium.sh. Without OPS and DATA, a small record is made.

import { after, before, describe, it } from 'node:test'
import { Big } from '../lib/big.js'
import { until } from '../lib/house.js'
import { launch } from '../lib/browser.js'
import { load, machine } from '../lib/machine.js'

const rounds = Number(process.env.ROUNDS ?? 9)

const questions = {
  'all, the newest': (i) => `kind:=access edge:big${' '.repeat(i)}`,
  'a person': (i) => `who.email:="user-${String(100 + 37 * i).padStart(5, '0')}@shop.test"`,
  'an object': (i) => `what.objects:"customer/${4711 + 13 * i}"`,
  'refused of an app': (i) => `outcome.status:=403 credential.client:=app-${i % 30}`,
  'a route and a status': (i) => `operation.route:="/v1/customers/{id}" outcome.status:=404 credential.client:=app-${i % 30}`,
  'a word': (i) => `${5000 + 17 * i}`,
}

const middle = (sorted) => sorted[sorted.length >> 1].toFixed(0)

describe('search', { timeout: 1_800_000 }, () => {
  let big, browser, person

  before(async () => {
    big = await Big.open(100_000)
    browser = await launch({ measured: true })
    person = await big.come(browser)
  })
  after(async () => {
    await browser?.close()
    await big?.close()
  })

  it('shows the first rows soon', async (t) => {
    t.diagnostic(machine())
    const { indexed, sealed } = await big.meta()
    t.diagnostic(`${indexed} of ${sealed} records are indexed`)
    const { page } = person
    let open = 0
    page.on('request', () => open++)
    for (const ended of ['requestfinished', 'requestfailed']) page.on(ended, () => open--)
    await person.go('/search')
    await page.locator('.entry:not(.head)').first().waitFor()
    await page.evaluate(() => performance.setResourceTimingBufferSize(100_000))
    for (const [name, question] of Object.entries(questions)) {
      const took = []
      const server = []
      for (let i = 0; i <= rounds; i++) {
        const bar = page.getByRole('combobox', { name: 'Search the record' })
        await bar.fill(question(i))
        if (!process.env.RUSH) {
          // Filling asks for completions a moment later.
          await page.waitForTimeout(500)
          await until('all answers', async () => open === 0)
        }
        const painted = page.evaluate(
          () =>
            new Promise((resolve) => {
              let begun = 0
              let gone = false
              addEventListener('keydown', () => (begun = performance.now()), { capture: true, once: true })
              const shown = () => document.querySelector('.search-main .entry:not(.head), .search-main .state .title')
              const watch = new MutationObserver(() => {
                gone ||= begun > 0 && !shown()
                if (!gone || !shown()) return
                watch.disconnect()
                const drawn = performance.now()
                requestAnimationFrame(() =>
                  setTimeout(() => {
                    const painted = performance.now()
                    const asked = performance.getEntriesByType('resource').findLast((each) => each.startTime >= begun && new URL(each.name).pathname === '/api/v1/search')
                    resolve({ total: painted - begun, 'to the request': asked.startTime - begun, 'to the first byte': asked.responseStart - asked.startTime, 'to the last': asked.responseEnd - asked.responseStart, 'to the rows': drawn - asked.responseEnd, 'to their paint': painted - drawn })
                  }),
                )
              })
              watch.observe(document.querySelector('.search-main'), { childList: true, subtree: true })
            }),
        )
        await page.evaluate(() => undefined)
        await page.keyboard.press('Enter')
        const parts = await painted
        const line = await page.locator('.result-line').innerText()
        if (i > 0) {
          took.push(parts) // the first warms up
          server.push(line.match(/ in ([\d.,]+ \S+)\./)?.[1])
        }
      }
      const of = (part) => took.map((each) => each[part]).sort((a, b) => a - b)
      const total = of('total')
      t.diagnostic(`${name}: median ${middle(total)} ms, best ${total[0].toFixed(0)}, worst ${total.at(-1).toFixed(0)} from Enter to rows; the server says ${server.join(', ')}; ${load()}`)
      t.diagnostic(`${name}: medians of its parts: ${Object.keys(took[0]).slice(1).map((part) => `${part} ${middle(of(part))}`).join(', ')}`)
    }
    person.clean()
  })
})
