// All with keys alone, from signing in to the proof of a call.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Person } from '../lib/browser.js'

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
}
