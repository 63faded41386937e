// Search in the browser, over a record of millions of events:
//
//	go run ./test/console/big -data DIR -events 5000000
//	gatebook serve --data DIR ...        (until its index has them all)
//	OPS=http://127.0.0.1:8401 DATA=DIR bash test/console/run.sh measure/search.js
//
// How long it takes from the key to the rows; how a hundred thousand rows are
// scrolled; how soon a slow computer can be used. Chromium runs before other
// programs, see chromium.sh.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { launch, Person } from '../lib/browser.js'
import { frames, memory, mib, say } from '../lib/frames.js'
import { load, machine } from '../lib/machine.js'

const { OPS: ops, DATA: data } = process.env
const rounds = Number(process.env.ROUNDS ?? 9)
const rows = Number(process.env.ROWS ?? 100_000)

const questions = {
  'all, the newest': (i) => `kind:=access edge:big${' '.repeat(i)}`,
  'a person': (i) => `who.email:="user-${String(100 + 37 * i).padStart(5, '0')}@shop.test"`,
  'an object': (i) => `what.objects:"customer/${4711 + 13 * i}"`,
  'refused of an app': (i) => `outcome.status:=403 credential.client:=app-${i % 30}`,
  'a route and a status': (i) => `operation.route:="/v1/customers/{id}" outcome.status:=404 credential.client:=app-${i % 30}`,
  'a word': (i) => `${5000 + 17 * i}`,
}

describe('search', { timeout: 1_800_000 }, () => {
  let browser, person
  const ask = async (path, init) => fetch(ops + path, { ...init, headers: { Authorization: `Bearer ${readFileSync(join(data, 'keys', 'ops.token'), 'utf8').trim()}`, 'Content-Type': 'application/json' } })
  const account = { name: `measure-${randomBytes(3).toString('hex')}`, role: 'investigator', password: randomBytes(12).toString('hex') }

  async function come(options) {
    const one = await Person.come(browser, { ops }, options)
    await one.page.goto(`${ops}/sign-in`)
    await one.page.locator('#username').fill(account.name)
    await one.page.locator('#password').fill(account.password)
    await one.page.keyboard.press('Enter')
    await one.page.waitForURL((url) => url.pathname !== '/sign-in')
    return one
  }

  before(async () => {
    browser = await launch({ measured: true })
    const made = await ask('/api/v1/accounts', { method: 'POST', body: JSON.stringify(account) })
    assert.equal(made.status, 201, await made.text())
    person = await come()
  })
  after(() => browser?.close())

  it('shows the first rows soon', async (t) => {
    t.diagnostic(machine())
    const { meta } = await (await ask('/api/v1/search?query=kind:=access&limit=1')).json()
    t.diagnostic(`${meta.indexed} of ${meta.sealed} records are indexed`)
    const { page } = person
    await person.go('/search')
    await page.locator('.entry:not(.head)').first().waitFor()
    for (const [name, question] of Object.entries(questions)) {
      const took = []
      const server = []
      for (let i = 0; i <= rounds; i++) {
        const bar = page.getByRole('combobox', { name: 'Search the record' })
        await bar.fill(question(i))
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
                requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begun)))
              })
              watch.observe(document.querySelector('.search-main'), { childList: true, subtree: true })
            }),
        )
        await page.evaluate(() => undefined)
        await page.keyboard.press('Enter')
        const ms = await painted
        const line = await page.locator('.result-line').innerText()
        if (i > 0) {
          took.push(ms) // the first warms up
          server.push(line.match(/ in ([\d.,]+ \S+)\./)?.[1])
        }
      }
      took.sort((a, b) => a - b)
      t.diagnostic(`${name}: median ${took[took.length >> 1].toFixed(0)} ms, best ${took[0].toFixed(0)}, worst ${took.at(-1).toFixed(0)} from Enter to rows; the server says ${server.join(', ')}; ${load()}`)
    }
    person.clean()
  })

  it(`scrolls ${rows} rows`, async (t) => {
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
    await list.evaluate((box) => (box.scrollTop = 0))
    await page.waitForTimeout(1000)
    const rest = await frames(page, 10)
    t.diagnostic(`at rest: ${say(rest)}`)
    const height = await list.evaluate((box) => box.scrollHeight)
    for (const [name, seconds, far] of [
      ['as a wheel does', 10, 120 * 60 * 10],
      ['from the first row to the last', 20, height],
    ]) {
      await list.evaluate((box, { seconds, far }) => {
        const from = performance.now()
        box.scrollTop = 0
        const step = (at) => {
          box.scrollTop = far * Math.max(0, (at - from) / (seconds * 1000))
          if (at - from < seconds * 1000) requestAnimationFrame(step)
        }
        requestAnimationFrame(step)
      }, { seconds, far })
      const moved = await frames(page, seconds)
      t.diagnostic(`${name}, ${Math.round(far / 28 / seconds)} rows a second: ${say(moved)}; ${load()}`)
    }
    person.clean()
  })

  it('can be used soon on a slow computer', async (t) => {
    for (let i = 0; i < 3; i++) {
      const slow = await come()
      const session = await slow.page.context().newCDPSession(slow.page)
      await session.send('Network.enable')
      await session.send('Network.emulateNetworkConditions', { offline: false, latency: 20, downloadThroughput: 1.25e6, uploadThroughput: 1.25e6 })
      await session.send('Network.setCacheDisabled', { cacheDisabled: true })
      await session.send('Emulation.setCPUThrottlingRate', { rate: 4 })
      const at = async (path, what) => {
        await slow.page.goto(ops + path, { waitUntil: 'commit' })
        await slow.page.locator(what).first().waitFor()
        return slow.page.evaluate((what) => new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => resolve(performance.now())))), what)
      }
      const signIn = await at('/sign-in', '#username:focus, main h1')
      const bar = await at('/search', '[data-search]')
      const found = await at('/search', '.entry:not(.head)')
      t.diagnostic(`a processor of a quarter of the speed, 10 Mbit/s, 20 ms, empty cache: sign-in ${signIn.toFixed(0)} ms, search bar ${bar.toFixed(0)} ms, first rows ${found.toFixed(0)} ms; ${load()}`)
      await slow.leave()
    }
  })
})
