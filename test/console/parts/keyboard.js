// All with keys alone, from signing in to the proof of a call.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Person } from '../lib/browser.js'
import { until } from '../lib/house.js'
import { picture } from '../lib/pictures.js'

/** Presses Tab until what is focused has that name. */
async function tabTo(page, name) {
  const seen = []
  for (let i = 0; i < 150; i++) {
    await page.keyboard.press('Tab')
    const text = await page.evaluate(() => {
      const at = document.activeElement
      return (at?.getAttribute('aria-label') ?? at?.textContent ?? '').trim()
    })
    if (name.test(text)) return
    seen.push(text.slice(0, 30))
  }
  assert.fail(`Tab does not reach ${name}: ${seen.join(' | ')}`)
}

export function keyboard(world) {
  it('needs no mouse from signing in to the proof of a call', async () => {
    const person = await Person.come(world.browser, world.house)
    const { page } = person
    const { keyboard } = page
    await page.goto(world.house.ops)
    await page.locator('#username:focus').waitFor()
    await keyboard.type('ines@shop.example')
    await keyboard.press('Tab')
    await keyboard.type(world.password)
    await keyboard.press('Enter')
    await page.waitForURL((url) => url.pathname !== '/sign-in')
    await person.drawn()
    await keyboard.press('g')
    await keyboard.press('s')
    await page.waitForURL(/\/search/)
    await page.getByRole('combobox', { name: 'Search the record' }).waitFor()
    await keyboard.press('/')
    await page.locator('[data-search]:focus').waitFor()
    await keyboard.type('outcome.status:=200')
    await keyboard.press('Enter')
    await page.locator('.result-line').filter({ hasText: /^[\d,]+\+? events? in / }).waitFor()
    await page.waitForURL(/q=/)
    await keyboard.press('Escape')
    await page.locator('[data-search]:not(:focus)').waitFor()
    await page.locator('.entry:not(.head)').first().waitFor()
    await keyboard.press('j')
    await page.locator('.entry.current').waitFor()
    await keyboard.press('Enter')
    await page.waitForURL(/\/call\/\d+/)
    await page.getByRole('heading', { name: 'Proof' }).waitFor()
    await tabTo(page, /^Verify in this browser$/)
    // Where the focus is can be seen.
    assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'none')
    await keyboard.press('Enter')
    await page.getByText('The evidence holds').waitFor()
    await keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
    await keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    person.clean()
    await person.leave()
  })

  it('goes from row to row in their order, wherever a long list was scrolled', async () => {
    const { admin } = world
    const { page } = admin
    await admin.go('/search?q=kind%3A%3Daccess&from=all')
    const list = page.getByRole('region', { name: 'Results' })
    const rows = () => list.evaluate((box) => [...box.querySelectorAll('.rows > a')].map((row) => ({ top: row.offsetTop, at: row.querySelector('time').dateTime, to: row.pathname })))
    const ordered = (list) => list.length < 80 && list.every((row, i) => row.top === list[0].top + 28 * i)
    for (const top of [1000, 1400, 300, 2000, 1850]) await list.evaluate((box, top) => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done, (box.scrollTop = top)))), top)
    const drawn = await until('the rows to stand in order', async () => {
      const list = await rows()
      return ordered(list) ? list : undefined
    })
    assert.ok(drawn.every((row, i) => i === 0 || row.at <= drawn[i - 1].at) && new Set(drawn.map((row) => row.to)).size === drawn.length, `a row shows another record than its place has: ${JSON.stringify(drawn)}`)
    await list.focus()
    await page.keyboard.press('Tab')
    const at = () => page.evaluate(() => ({ top: document.activeElement.offsetTop, row: document.activeElement.matches('.rows > a') }))
    const first = await at()
    assert.ok(first.row, 'Tab does not go to a row')
    await page.keyboard.press('Tab')
    assert.equal((await at()).top, first.top + 28)
    // The element of a row that has gone shows another: the focus stays with the list.
    await list.evaluate((box) => (box.scrollTop = 0))
    await page.waitForFunction(() => document.activeElement.matches('.list.entries'))
    admin.clean()
  })

  it('reaches all that can be used on a page, and shows where the focus is', async () => {
    const { admin } = world
    const { page } = admin
    const wrong = []
    for (const path of ['/start', '/live', `/call/${world.alice}`, world.who, world.incident, '/alerts', '/integrity', '/people', '/operations']) {
      await admin.go(path)
      wrong.push(...(await unreached(page)).map((each) => `${path}: ${each}`))
    }
    assert.deepEqual(wrong, [])
    admin.clean()
  })

  it('keeps the focus in a dialog, closes it with Esc, and gives the focus back', async () => {
    const { admin } = world
    const { page } = admin
    await admin.go(world.who)
    for (const name of [/^Block or limit$/, /^Keyboard shortcuts$/]) {
      const opener = page.getByRole('button', { name })
      await opener.focus()
      await page.keyboard.press('Enter')
      await page.getByRole('dialog').waitFor()
      for (let i = 0; i < 25; i++) {
        await page.keyboard.press('Tab')
        // Between the last and the first stands the browser itself, which is the body to a page.
        const inside = await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest('dialog') !== null)
        assert.ok(inside, `${name}: the focus left the dialog`)
      }
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      assert.ok(await opener.evaluate((element) => element === document.activeElement), `${name}: the focus did not come back`)
    }
    admin.clean()
  })

  it('goes anywhere by a word', async () => {
    const { admin } = world
    const { page } = admin
    await admin.go('/live')
    const field = page.getByRole('dialog', { name: 'Go to' }).getByRole('combobox')
    for (const [word, leads] of [
      ['integ', /\/integrity$/],
      ['alice@shop.example', /\/who\/alice/],
      [decodeURIComponent(world.object).replace('/object/', ''), /\/object\//],
      [world.alice, new RegExp(`/call/${world.alice}$`)],
      ['outcome.status:=404 kind:=access', /\/search\?q=/],
    ]) {
      await page.keyboard.press('Control+k')
      await field.fill(word)
      if (word.includes('@')) await picture(admin, 'go-to')
      await page.keyboard.press('Enter')
      await page.waitForURL(leads)
      await admin.drawn()
    }
    await page.keyboard.press('Control+k')
    await field.waitFor()
    await page.keyboard.press('Escape')
    await field.waitFor({ state: 'detached' })
    admin.clean()
  })

  it('says aloud that something was copied, and how the connection is', async () => {
    const { admin } = world
    const { page } = admin
    await admin.go(world.object)
    const copy = page.getByRole('button', { name: 'Copy the name of the object' })
    await copy.focus()
    await page.keyboard.press('Enter')
    await copy.getByRole('status').filter({ hasText: 'Copied' }).waitFor({ state: 'attached' })
    // The state of the connection is a live region, too: it is said when it changes.
    assert.equal(await page.locator('.connection').getAttribute('role'), 'status')
    admin.clean()
  })
}

/** Goes over the page with Tab, and returns what was not reached, or did not show that it has the focus. */
async function unreached(page) {
  const all = await page.evaluate(() => {
    document.activeElement?.blur()
    const seen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: false }) && element.getClientRects().length > 0
    const list = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')].filter((element) => seen(element) && !element.disabled && element.tabIndex >= 0)
    // Of choices that belong together one is a stop, and of tabs, too.
    window.stops = new Map(list.filter((element) => element.type !== 'radio').map((element) => [element, 'not reached']))
    return window.stops.size
  })
  await page.locator('body').press('Home')
  for (let i = 0; i < all + 60; i++) {
    await page.keyboard.press('Tab')
    const left = await page.evaluate(() => {
      const at = document.activeElement
      if (window.stops.has(at)) {
        // A field may have its frame around what belongs to it.
        const shown = [at, at.parentElement, at.parentElement?.parentElement].some((each) => {
          const style = each && getComputedStyle(each)
          return style && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0
        })
        window.stops.set(at, shown ? '' : 'does not show the focus')
      }
      return [...window.stops].filter(([element, why]) => why === 'not reached' && element.isConnected).length
    })
    if (left === 0) break
  }
  return page.evaluate(() => [...window.stops].filter(([element, why]) => why !== '' && element.isConnected).map(([element, why]) => `${why}: ${element.outerHTML.slice(0, 120)}`).slice(0, 5))
}
