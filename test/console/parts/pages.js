// Each page with the shop's data: no finding of axe, in light and dark, on a
// desk and on a phone; and the pictures of docs/console.md.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import axe from 'axe-core'
import { desk, Person, phone } from '../lib/browser.js'
import { picture } from '../lib/pictures.js'

/** Findings of axe that are serious or critical. */
async function accessible(page, what, rules) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source)
  // target-size, of WCAG 2.2, is one that axe does not look at by itself.
  const options = { resultTypes: ['violations'], ...(rules ? { runOnly: rules } : { rules: { 'target-size': { enabled: true } } }) }
  const violations = await page.evaluate(async (how) => (await window.axe.run(document, how)).violations, options)
  const serious = violations.filter((each) => ['serious', 'critical'].includes(each.impact))
  return serious.map((each) => `${what}: ${each.id}: ${each.help}: ${each.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')}`)
}

// All rules where most differs; in the rest those that colours and room decide.
const some = ['color-contrast', 'scrollable-region-focusable', 'target-size']
const states = [
  { colorScheme: 'light', size: desk },
  { colorScheme: 'dark', size: desk, rules: some },
  { colorScheme: 'dark', size: phone },
  { colorScheme: 'light', size: phone, rules: some },
]

// Their pictures are taken where their story is told.
const told = new Set(['live', 'alerts', 'incident', 'silences'])

/** Looks at the page as it is now in light and dark, wide and narrow. */
export async function inAllStates(person, name) {
  const { page } = person
  const wrong = []
  for (const { colorScheme, size, rules } of states) {
    const what = `${name} in ${colorScheme}, ${size.width} px`
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.setViewportSize(size)
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
    // A chart follows the window a moment later.
    const fits = page.waitForFunction(() => [document.documentElement, document.querySelector('main')].every((each) => each.scrollWidth <= each.clientWidth), undefined, { timeout: 20_000 })
    await fits.catch(() => wrong.push(`${what}: wider than the window`))
    wrong.push(...(await accessible(page, what, rules)))
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
  await page.setViewportSize(desk)
  return wrong
}

/** The dialogs: their names, the page of each, and how it is opened. */
function dialogs({ who, credential, key, incident }) {
  const by = (button) => (page) => page.getByRole('button', { name: button, exact: true }).click()
  return [
    ['saved searches', '/search?q=data%3Aemail', by('Saved')],
    ['columns', '/search', by('Columns')],
    ['export', '/search', by('Export')],
    ['block or limit', who, by('Block or limit')],
    ['deactivate', who, by('Deactivate the account')],
    ['revoke a token', credential, by('Revoke the token')],
    ['revoke a key', key, by('Revoke the key')],
    ['silence', incident, by('Silence')],
    ['reopen', incident, by('Reopen')],
    ['keyboard', '/live', by('Keyboard shortcuts')],
    ['go to', '/live', (page) => page.keyboard.press('Control+k')],
  ]
}

export function pages(world) {
  it('has no serious finding of axe on any page, and fits into each window', async () => {
    const { admin, house, browser } = world
    const { page } = admin
    admin.refused = []
    await admin.go('/live')
    const linked = await page.$$eval('nav a[href^="/"]', (links) => links.map((link) => link.getAttribute('href')))
    const wrong = []
    const named = (path) => path.split('?')[0].split('/').filter(Boolean)[0] ?? 'home'
    const all = new Map(linked.map((path) => [named(path), path]))
    all.set('search', `/search?q=${encodeURIComponent('data:email')}`)
    all.set('call', `/call/${world.alice}`)
    all.set('person', world.who)
    all.set('object', world.object)
    all.set('data', '/data/email')
    all.set('incident', world.incident)
    all.set('rule', '/rules?rule=bola-denied')
    all.set('trial', '/rules?try=1')
    all.set('credential', world.credential)
    all.set('key', world.key)
    all.set('silences', '/alerts?show=silences')
    all.set('people-looks', '/people?show=looks')
    all.set('people-sessions', '/people?show=sessions')
    all.set('columns', `/search?columns=${encodeURIComponent('who.email,operation.action,outcome.status')}`)
    for (const [name, path] of all) {
      await admin.go(path)
      if (!told.has(name)) await picture(admin, name)
      wrong.push(...(await inAllStates(admin, name)))
    }
    for (const [name, path, open] of dialogs(world)) {
      await admin.go(path)
      await open(page)
      const dialog = page.getByRole('dialog')
      await dialog.waitFor()
      await page.waitForFunction(() => !document.querySelector('dialog [aria-busy=true]'))
      wrong.push(...(await inAllStates(admin, name)))
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
    }
    const stranger = await Person.come(browser, house)
    await stranger.go('/sign-in')
    wrong.push(...(await inAllStates(stranger, 'sign-in')))
    stranger.clean()
    await stranger.leave()
    assert.deepEqual(wrong, [])
    admin.clean()
  })
}
