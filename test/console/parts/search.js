// What stands around a search: completion, the brush, columns, export, times in
// two zones, how much was searched, saved searches; and a rule that is tried.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import { Person } from '../lib/browser.js'
import { until } from '../lib/house.js'

const params = (page) => new URL(page.url()).searchParams

/** Signs in as an investigator, who is made for this part. */
async function ivo(world) {
  const { house, browser, password } = world
  const person = await Person.come(browser, house)
  await house.api('/api/v1/accounts', { method: 'POST', body: JSON.stringify({ name: 'ivo@shop.example', role: 'investigator', password }) })
  await person.page.goto(`${house.ops}/sign-in`)
  await person.page.locator('#username').fill('ivo@shop.example')
  await person.page.locator('#password').fill(password)
  await person.page.keyboard.press('Enter')
  await person.page.waitForURL((url) => url.pathname !== '/sign-in')
  return person
}

export function search(world) {
  let person, page
  const found = () => page.locator('.result-line').filter({ hasText: /^[\d,]+\+? events? in / })

  it('completes the names of fields and their values, by keys', async () => {
    person = await ivo(world)
    page = person.page
    await person.go('/search')
    const bar = page.getByRole('combobox', { name: 'Search the record' })
    await bar.click()
    await bar.pressSequentially('outcome.sta')
    const options = page.getByRole('listbox', { name: 'Completions' }).getByRole('option')
    await options.filter({ hasText: 'outcome.status' }).first().waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Tab')
    assert.equal(await bar.inputValue(), 'outcome.status:')
    await options.filter({ hasText: /^404/ }).waitFor()
    await bar.pressSequentially('40')
    await options.filter({ hasText: /^200/ }).waitFor({ state: 'detached' })
    while ((await options.and(page.locator('[aria-selected=true]')).filter({ hasText: /^404/ }).count()) === 0) await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    assert.equal(await bar.inputValue(), 'outcome.status:=404 ')
    await page.keyboard.press('Enter')
    await page.waitForURL(/q=/)
    await found().waitFor()
    assert.equal(params(page).get('q'), 'outcome.status:=404')
    for (const text of await page.locator('.entry:not(.head) .mark').allInnerTexts()) assert.match(text, /404/)
    person.clean()
  })

  it('narrows by a facet, and by the brush over the histogram', async () => {
    await person.go('/search?q=kind%3A%3Daccess')
    const facets = page.getByRole('complementary', { name: 'Narrow the search' })
    await facets.getByRole('button', { name: /^Without outcome.status 200$/ }).click()
    await page.waitForURL((url) => url.searchParams.get('q') === 'kind:=access not outcome.status:=200')
    await found().waitFor()

    await person.go('/search?q=kind%3A%3Daccess&from=1h')
    const chart = page.locator('figure .u-over')
    await chart.waitFor()
    const box = await chart.boundingBox()
    await page.mouse.move(box.x + box.width * 0.5, box.y + box.height / 2)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width - 2, box.y + box.height / 2, { steps: 8 })
    await page.mouse.up()
    await page.waitForURL((url) => /^\d{4}-.*Z$/.test(url.searchParams.get('from') ?? '') && /^\d{4}-.*Z$/.test(url.searchParams.get('to') ?? ''))
    const from = new Date(params(page).get('from')).getTime()
    const to = new Date(params(page).get('to')).getTime()
    assert.ok(to - from > 20 * 60_000 && to - from < 40 * 60_000, `half of an hour, not ${(to - from) / 60_000} minutes`)
    await found().waitFor()
    person.clean()
  })

  it('shows the calls of one trace on the page of each', async () => {
    const trace = randomBytes(16).toString('hex')
    const span = () => randomBytes(8).toString('hex')
    // Two services of one trace: each says which it is, and which span made its call.
    for (const [path, agent] of [
      ['/v1/products', 'storefront/1.0'],
      ['/v1/orders/ord_000001', 'billing/2.3'],
    ]) {
      await world.house.call(path, { headers: { traceparent: `00-${trace}-${span()}-01`, 'User-Agent': agent } })
    }
    const lone = randomBytes(16).toString('hex')
    await world.house.call('/v1/products', { headers: { traceparent: `00-${lone}-${span()}-01` } })
    const calls = await until('the calls of the trace', async () => {
      const hits = await world.house.search(`trace.id:=${trace}`)
      return hits.length === 2 && hits
    })
    const [billing, storefront] = calls.toSorted((a, b) => b.number - a.number)
    assert.deepEqual([billing.who.user_agent, storefront.who.user_agent], ['billing/2.3', 'storefront/1.0'])
    assert.notEqual(billing.header.trace.parent, storefront.header.trace.parent)

    const related = page.getByRole('region', { name: 'Related calls' })
    const links = related.getByRole('tabpanel').getByRole('link')
    await person.go(`/call/${billing.number}`)
    await page.getByRole('link', { name: trace }).waitFor()
    await related.getByRole('tab', { name: 'Same trace', selected: true }).waitFor()
    assert.deepEqual(await links.evaluateAll((list) => list.map((link) => link.getAttribute('href'))), [`/call/${storefront.number}`])
    await links.click()
    await page.waitForURL(`**/call/${storefront.number}`)
    await page.locator(`a[href="/call/${billing.number}"]`).and(links).waitFor()
    await related.getByRole('link', { name: 'Search these' }).click()
    await page.waitForURL((url) => url.searchParams.get('q') === `trace.id:=${trace}`)
    await found().filter({ hasText: /^2 events in / }).waitFor()
    // One that is alone in its trace shows first what it has in common with others.
    const { number } = await until('the lone call', async () => (await world.house.search(`trace.id:=${lone}`))[0])
    await person.go(`/call/${number}`)
    await links.first().waitFor()
    assert.equal(await related.getByRole('tab', { name: 'Same trace' }).getAttribute('aria-selected'), 'false')
    await related.getByRole('tab', { name: 'Same trace' }).click()
    await related.getByText('None in the ten minutes before and after.').waitFor()
    person.clean()
  })

  it('shows columns of choice, with what the events have', async () => {
    await person.go('/search?q=kind%3A%3Daccess')
    await page.getByRole('button', { name: 'Columns' }).click()
    const dialog = page.getByRole('dialog', { name: 'Columns' })
    await dialog.getByLabel('Filter the fields').fill('outcome.status')
    await dialog.getByRole('checkbox', { name: 'outcome.status' }).check()
    await dialog.getByLabel('Filter the fields').fill('operation.route')
    await dialog.getByRole('checkbox', { name: /^operation.route / }).check()
    await page.keyboard.press('Escape')
    await page.waitForURL((url) => url.searchParams.get('columns') === 'outcome.status,operation.route')
    const row = page.locator('.cells').first()
    await row.waitFor()
    const number = /\d+$/.exec(await row.getAttribute('href'))[0]
    const { header } = (await world.house.api(`/api/v1/events/${number}`)).json().record
    assert.deepEqual(
      await row.locator('span:not(.hidden)').evaluateAll((cells) => cells.map((cell) => cell.getAttribute('title'))),
      [String(header.outcome.status ?? ''), header.operation.route ?? ''],
    )
    person.clean()
  })

  it('exports what is shown, and seals that', async () => {
    await page.getByRole('button', { name: 'Export', exact: true }).click()
    const dialog = page.getByRole('dialog', { name: 'Export' })
    await dialog.getByLabel('Events at most').fill('7')
    await dialog.getByLabel('Reason').fill('a test of the export')
    const [download] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('button', { name: 'Export' }).click()])
    const lines = readFileSync(await download.path(), 'utf8').trim().split('\n')
    assert.equal(lines.length, 8)
    assert.equal(lines[0].trim(), 'outcome.status,operation.route')
    await until('the look', async () => (await world.house.search('kind:=look note.name:=exported who.subject:="ivo@shop.example"', 1)).length === 1)
    person.clean()
  })

  it('takes times relative and absolute, in the zone of the viewer and in UTC', async () => {
    await person.go('/search')
    await page.getByRole('button', { name: /^Time: / }).click()
    await page.getByRole('button', { name: 'Last 6 hours' }).click()
    await page.waitForURL((url) => url.searchParams.get('from') === '6h')
    for (const [zone, from] of [['Europe/Berlin', '2026-01-15T09:30:00.000Z'], ['UTC', '2026-01-15T10:30:00.000Z']]) {
      if (zone === 'UTC') await page.getByRole('button', { name: 'Europe/Berlin', exact: true }).click()
      await page.getByRole('button', { name: /^Time: / }).click()
      const box = page.getByRole('dialog', { name: 'Time' })
      await box.getByLabel(`From (${zone})`).fill('2026-01-15T10:30:00')
      await box.getByRole('button', { name: 'Use these times' }).click()
      await page.waitForURL((url) => url.searchParams.get('from') === from)
      await page.getByRole('button', { name: /^Time: 2026-01-15 10:30:00 to now/ }).waitFor()
      await found().waitFor()
      // What is shown in a row is of the same zone.
      const time = page.locator('.entry:not(.head) time').first()
      const at = new Date(await time.getAttribute('datetime'))
      const shown = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(at)
      assert.ok((await time.innerText()).includes(shown), `${await time.innerText()}, want ${shown} in it`)
    }
    await page.getByRole('button', { name: 'UTC', exact: true }).click()
    person.clean()
  })

  it('says how much was searched', async () => {
    await person.go('/search?q=kind%3A%3Daccess')
    await found().filter({ hasText: /Searched (all [\d,]+ records|in the ledger, which has [\d,]+ records|[\d,]+ indexed records; [\d,]+ that are not indexed yet were (read from the ledger|not searched))\.$/ }).waitFor()
    // An index that is behind, as the server tells it.
    await page.route('**/api/v1/search?*', async (route) => {
      const answer = await route.fetch()
      const body = await answer.json()
      Object.assign(body.meta, { sealed: 1500, indexed: 1200, source: 'index', index: 'behind by 300', complete: false, note: 'the newest 300 records are not indexed yet' })
      await route.fulfill({ response: answer, json: body })
    })
    await page.getByRole('button', { name: 'Search again' }).click()
    await found().filter({ hasText: 'Searched 1,200 indexed records; 300 that are not indexed yet were not searched.' }).waitFor()
    await page.getByText('Not all that matches may be here.').waitFor()
    await page.unroute('**/api/v1/search?*')
    person.clean()
  })

  it('searches again for the rows first, and counts when they are there', async () => {
    await person.go('/search?q=kind%3A%3Daccess')
    await found().waitFor()
    await page.locator('.facets-list').waitFor()
    const path = (what) => new URL(what.url()).pathname
    const order = []
    const answered = (response) => path(response) === '/api/v1/search' && !new URL(response.url()).searchParams.get('cursor') && order.push('rows')
    const asked = (request) => /\/(facets|histogram)$/.test(path(request)) && order.push('counts')
    page.on('response', answered)
    page.on('request', asked)
    await page.getByRole('button', { name: 'Search again' }).click()
    await until('the counts', async () => order.length >= 3)
    await page.waitForLoadState('networkidle')
    page.off('response', answered)
    page.off('request', asked)
    assert.deepEqual(order, ['rows', 'counts', 'counts'])
    person.clean()
  })

  it('keeps searches on the server, for oneself or for all', async () => {
    // One that the browser kept, before the server did.
    await page.evaluate(() => localStorage.setItem('gatebook.searches', JSON.stringify([{ name: 'from this browser', query: 'q=outcome.status%3A%3D404&from=7d' }])))
    await person.go('/search?q=outcome.status%3A%3D403&from=7d&columns=id')
    await page.getByRole('button', { name: 'Saved' }).click()
    const dialog = page.getByRole('dialog', { name: 'Saved searches' })
    await dialog.getByRole('link', { name: 'from this browser' }).waitFor()
    assert.equal(await page.evaluate(() => localStorage.getItem('gatebook.searches')), null)
    await dialog.getByLabel('Name of this search').fill('denied')
    await dialog.getByLabel('for all').check()
    await dialog.getByRole('button', { name: 'Save this search' }).click()
    await dialog.getByRole('link', { name: 'denied' }).waitFor()
    await dialog.getByRole('button', { name: 'Rename denied' }).click()
    await dialog.getByLabel('New name of denied').fill('denied this week')
    await page.keyboard.press('Enter')
    await dialog.getByRole('link', { name: 'denied this week' }).waitFor()
    await dialog.getByRole('button', { name: 'Delete from this browser' }).click()
    await dialog.getByRole('link', { name: 'from this browser' }).waitFor({ state: 'detached' })

    // Others see what is shared, in the command line, too.
    const list = JSON.parse((await world.house.gatebook('searches', 'list', '--json')).split('\n')[0])
    assert.deepEqual([list.name, list.query, list.from, list.columns, list.shared, list.owner], ['denied this week', 'outcome.status:=403', '7d', ['id'], true, 'ivo@shop.example'])
    assert.equal((await world.house.search('kind:=decision note.name:=search-shared', 5)).length, 1)

    await page.keyboard.press('Escape')
    await person.go('/search')
    await page.getByRole('button', { name: 'Saved' }).click()
    await dialog.getByRole('link', { name: 'denied this week' }).click()
    await page.waitForURL((url) => url.search === '?q=outcome.status%3A%3D403&from=7d&columns=id')
    person.clean()
  })

  it('tries a rule on what is recorded, and stops when asked to', async () => {
    await person.go('/rules?try=1')
    const text = page.getByLabel('Text of the rule, in YAML')
    await text.waitFor()
    await text.fill('title: no rule')
    await page.getByRole('button', { name: 'Try it' }).click()
    await page.getByRole('alert').filter({ hasText: 'rule:1:1' }).waitFor()
    await text.fill(
      ['title: Somebody reads customers', 'id: 5b0e8f1a-6c1d-4f5e-9a37-2d1c0f7b8e90', 'name: reads-customers', 'logsource: {category: access}', 'detection:', '  read: {what.path|startswith: /v1/customers/}', '  condition: read'].join('\n'),
    )
    await page.getByRole('button', { name: 'Try it' }).click()
    await page.getByText(/It would have fired [\d,]+ times?, about [\d,]+, in [\d,]+ events/).waitFor()
    const call = page.getByRole('region', { name: 'What the rule would have found' }).getByRole('link').first()
    const number = /\d+$/.exec(await call.getAttribute('href'))[0]
    const { what } = (await world.house.api(`/api/v1/events/${number}`)).json().record
    assert.match(what.path, /^\/v1\/customers\//)
    person.clean(/^422 POST \/api\/v1\/backtest$/)

    // An answer that does not end is ended by the reader.
    await page.route('**/api/v1/backtest', () => undefined)
    await page.getByRole('button', { name: 'Try it' }).click()
    await page.getByText('So far 0 events').waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText('Stopped after 0 events').waitFor()
    await page.unroute('**/api/v1/backtest')

    // A rule that runs is tried with the text that it has.
    await person.go('/rules?rule=bola-enumeration')
    await page.getByText('The rule, which can be changed here for the trial').click()
    assert.match(await text.inputValue(), /name: bola-enumeration/)
    await page.getByRole('button', { name: 'Try it' }).click()
    await page.getByText(/It would have fired [\d,]+ times?/).waitFor()
    person.clean(/^422 POST \/api\/v1\/backtest$/)
    await person.leave()
  })
}
