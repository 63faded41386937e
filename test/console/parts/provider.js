// People sign in at the provider of the shop, a real one of OpenID Connect: from
// the click to a session with the role that the provider's word gives.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Person } from '../lib/browser.js'
import { picture } from '../lib/pictures.js'

/** Goes to the provider by the button, and signs in there. */
export async function atProvider(person, name, password = `${name}-opens-sesame`) {
  const { page, house } = person
  await page.getByRole('link', { name: 'Sign in with the shop' }).click()
  await page.waitForURL((url) => url.origin === new URL(house.issuer).origin)
  await page.getByLabel('User').fill(name)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
}

export function provider(world) {
  it('signs people in at their provider, with the role that it gives', async () => {
    const { house, browser, admin } = world
    await admin.page.goto('about:blank')
    await house.withProvider()
    const heidi = await Person.come(browser, house, {}, [house.issuer])
    const { page } = heidi
    await page.goto(`${house.ops}/search?q=${encodeURIComponent('outcome.status:=200')}`)
    await page.getByRole('link', { name: 'Sign in with the shop' }).waitFor()
    await picture(heidi, 'sign-in')
    await atProvider(heidi, 'heidi')
    // She comes back to where she wanted to go, without anything of the sign-in in the address.
    await page.waitForURL((url) => url.origin === house.ops && url.pathname === '/search')
    assert.deepEqual([...new URL(page.url()).searchParams.keys()].filter((key) => ['code', 'state', 'iss'].includes(key)), [])
    await heidi.drawn()
    assert.match(await page.locator('.account').last().innerText(), /heidi\s+investigator/)
    const me = await page.evaluate(async () => (await fetch('/api/v1/session', { headers: { 'Gatebook-Tool': 'console' } })).json())
    assert.equal(me.role, 'investigator')
    assert.ok(!me.actions.includes('accounts'), 'an investigator may change accounts')
    heidi.clean()
    world.heidi = heidi
  })

  it('lets nobody in to whom the provider gives no role, or who is not who they say', async () => {
    const { house, browser } = world
    const person = await Person.come(browser, house, {}, [house.issuer])
    const { page } = person
    await page.goto(`${house.ops}/sign-in`)
    await atProvider(person, 'bob', 'guessed')
    await page.getByText('User or password is wrong').waitFor()
    await page.goto(`${house.ops}/sign-in`)
    await atProvider(person, 'bob')
    await page.getByRole('alert').filter({ hasText: 'nothing there gives you a role here' }).waitFor()
    assert.equal((await person.context.cookies(house.ops)).filter((cookie) => cookie.name.includes('session')).length, 0)
    person.clean(/^401 POST \/login$/)
    await person.leave()
  })

  it('ends the session of a person whose account is disabled, and keeps them out', async () => {
    const { admin, heidi } = world
    const { page } = admin
    await admin.go('/people')
    await page.getByRole('cell', { name: 'heidi' }).first().waitFor()
    await page.getByRole('button', { name: 'Disable heidi' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox').fill('she changes teams')
    await dialog.getByRole('button', { name: 'Disable', exact: true }).click()
    await page.getByRole('button', { name: 'Enable heidi' }).waitFor()
    await heidi.nav('Alerts')
    await heidi.page.waitForURL((url) => url.pathname === '/sign-in')
    await atProvider(heidi, 'heidi')
    await heidi.page.getByRole('alert').filter({ hasText: 'Your account here is disabled' }).waitFor()
    await page.getByRole('button', { name: 'Enable heidi' }).click()
    await dialog.getByRole('textbox').fill('she is back')
    await dialog.getByRole('button', { name: 'Enable', exact: true }).click()
    await page.getByRole('button', { name: 'Disable heidi' }).waitFor()
    await heidi.leave()
    admin.clean()
  })
}
