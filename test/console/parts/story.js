// The first five minutes of a person with a Gatebook that nobody has used yet.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { it } from 'node:test'
import { promisify } from 'node:util'
import { Person } from '../lib/browser.js'
import { until } from '../lib/house.js'
import { picture } from '../lib/pictures.js'

export function story(world) {
  it('signs in by the link that gatebook serve printed, once', async () => {
    const { house, browser } = world
    const ada = (world.admin = await Person.come(browser, house))
    await ada.page.goto(house.ops)
    await ada.page.getByText('Nobody has an account yet').waitFor()
    assert.notEqual(house.link, '', house.said)
    await ada.signIn(house.link)
    assert.equal(new URL(ada.page.url()).hash, '', 'the secret stays in the address')
    await ada.page.getByRole('heading', { name: 'Waiting for the first call' }).waitFor()
    ada.clean()

    const thief = await Person.come(browser, house)
    await thief.page.goto(house.link)
    await thief.page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await thief.page.getByRole('alert').waitFor()
    assert.equal((await thief.context.cookies()).filter((cookie) => cookie.name.includes('session')).length, 0)
    thief.clean(/^401 POST \/api\/v1\/session$/)
    await thief.leave()
  })

  it('waits for the first call, and sees the one of the command that it shows', async () => {
    const { page } = world.admin
    await page.getByRole('heading', { name: 'No call yet' }).waitFor()
    await page.getByRole('heading', { name: 'The API behind it can be reached' }).waitFor()
    const command = await page.locator('.code code, pre').filter({ hasText: 'curl' }).first().innerText()
    await promisify(execFile)('sh', ['-c', command])
    await page.getByRole('heading', { name: 'Calls arrive', level: 1 }).waitFor()
    // Nobody said who they are: the page says how that would be known.
    await page.getByRole('heading', { name: /Who made the call of record/ }).waitFor()
    world.admin.clean()
  })

  it('shows calls live, with who makes them', async () => {
    const { admin, house } = world
    const { page } = admin
    await admin.nav('Live')
    await page.getByRole('heading', { name: 'Live', level: 1 }).waitFor()
    const traffic = house.traffic(600)
    await page.locator('.entry').filter({ hasText: /alice/i }).first().waitFor()
    await traffic
    await page.getByRole('button', { name: 'Pause' }).click()
    await picture(admin, 'live')
    await page.locator('.entry').filter({ hasText: /alice/i }).first().click()
    await page.waitForURL(/\/call\/\d+/)
    await page.getByRole('heading', { name: 'Proof' }).waitFor()
    admin.clean()
  })

  it('verifies the proof of a call in the browser, without the network', async () => {
    const { admin } = world
    const { page } = admin
    const verify = page.getByRole('button', { name: 'Verify in this browser' })
    await verify.click()
    await page.getByText('The evidence holds').waitFor()
    const asked = []
    const note = (request) => asked.push(request.url())
    await admin.context.setOffline(true)
    page.on('request', note)
    await verify.click()
    await page.getByText('The evidence holds').waitFor()
    page.off('request', note)
    assert.deepEqual(asked.filter((url) => url.includes('/verifier/')), [])
    // Under the key of another ledger it does not hold.
    await page.getByText('Checkpoint, key of your own').click()
    await page.getByLabel(/Public key that came to you another way/).fill('example.org+c1b7e4d4+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA')
    await verify.click()
    await page.getByText('The evidence holds').waitFor({ state: 'detached' })
    await page.locator('.verdict.bad, [role=alert]').first().waitFor()
    await admin.context.setOffline(false)
    admin.faults = admin.faults.filter((fault) => !fault.includes('ERR_INTERNET_DISCONNECTED'))
    admin.clean()
  })

  it('finds all calls of a person, and what is known of them', async () => {
    const { admin } = world
    const { page } = admin
    await admin.nav('Search')
    await page.getByRole('combobox', { name: 'Search the record' }).fill('who.email:=alice@shop.example outcome.status:=200')
    await page.keyboard.press('Enter')
    await page.locator('.result-line').filter({ hasText: /^\d+\+? events? in / }).waitFor()
    const row = page.locator('.entry:not(.head)').first()
    assert.match(await row.innerText(), /alice/i)
    world.alice = /\d+$/.exec(await row.getAttribute('href'))[0]
    await row.click()
    await page.waitForURL(/\/call\/\d+/)
    await page.locator('main a[href^="/who/"]').first().click()
    await page.waitForURL(/\/who\//)
    await admin.drawn()
    world.who = new URL(page.url()).pathname
    await page.locator('.figures').getByText('First call').waitFor()
    assert.match(await page.locator('main').innerText(), /alice@shop\.example/)
    admin.clean()
  })

  it('shows who touched an object', async () => {
    const { admin } = world
    const { page } = admin
    await admin.nav('Search')
    await page.getByRole('combobox', { name: 'Search the record' }).fill('outcome.status:=200 objects:=customer')
    await page.keyboard.press('Enter')
    await page.waitForURL(/object/)
    await page.locator('.entry:not(.head)').first().click()
    await page.waitForURL(/\/call\/\d+/)
    await page.locator('main a[href^="/object/"]').first().click()
    await page.waitForURL(/\/object\//)
    await admin.drawn()
    world.object = new URL(page.url()).pathname
    await page.locator('main a[href^="/who/"]').first().waitFor()
    admin.clean()
  })

  it('verifies the whole ledger by a button', async () => {
    const { admin } = world
    const { page } = admin
    await admin.nav('Integrity')
    await page.getByRole('button', { name: 'Verify the whole ledger' }).click()
    await page.locator('.verdict.good').filter({ hasText: 'The evidence holds' }).waitFor()
    admin.clean()
  })

  it('makes an account for a person, by a link that sets a password', async () => {
    const { admin, browser, house } = world
    const { page } = admin
    await admin.nav('People')
    for (const [name, role] of [
      ['vera@shop.example', 'viewer'],
      ['ines@shop.example', 'investigator'],
    ]) {
      await page.getByRole('button', { name: 'Add an account' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.locator('input[name=name]').fill(name)
      await dialog.getByRole('radio', { name: new RegExp(`^${role}`) }).check()
      await dialog.locator('button[type=submit]').click()
      const link = await until('the link', async () => /https?:\S+#\S+/.exec(await dialog.innerText())?.[0])
      await dialog.getByRole('button', { name: 'Close' }).first().click()
      const person = (world[role] = await Person.come(browser, house))
      await person.page.goto(link)
      await person.page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await person.page.getByLabel('New password').fill(world.password)
      await person.page.getByRole('button', { name: 'Set password' }).click()
      await person.page.waitForURL((url) => url.pathname !== '/sign-in')
      await person.drawn()
    }
    await page.getByRole('cell', { name: /^vera@shop\.example/ }).first().waitFor()
    admin.clean()
  })
}
