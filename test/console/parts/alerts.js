// From an alert to what is done about it: the story of an incident, why a rule
// found something, who has it, silences, a block and its undoing, and what a
// second person must approve.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Person } from '../lib/browser.js'
import { until } from '../lib/house.js'
import { picture } from '../lib/pictures.js'
import { atProvider } from './provider.js'

/** Waits until a sentence is in the region that screen readers say aloud. */
async function heard(page, sentence) {
  await page.locator('.announced[role=status]').filter({ hasText: sentence }).waitFor({ state: 'attached' })
}

const title = 'A caller asks for many objects that it is refused'

export function alerts(world) {
  const robot = {}

  it('opens an incident, tells its story, and explains the formula of the rule', async () => {
    const { admin, house } = world
    const { page } = admin
    robot.key = await house.gatebook('keys', 'add', 'contractor-tablet', '--kind', 'user')
    robot.call = (path = '/v1/products') => house.call(path, { headers: { 'X-API-Key': robot.key } })
    await admin.go('/alerts')
    for (let i = 0; i < 25; i++) await robot.call(`/v1/customers/cus_9${String(i).padStart(5, '0')}`)
    // The page is told of it: nobody loads it again.
    const row = page.getByRole('link', { name: new RegExp(title) })
    await row.waitFor()
    await picture(admin, 'alerts')
    await row.click()
    await page.getByRole('heading', { name: title, level: 1 }).waitFor()
    await page.locator('.about').getByText('contractor-tablet').waitFor()
    // The formula: what was counted, how many, and how many there had to be.
    const finding = page.getByRole('article', { name: title })
    const cells = await finding.getByRole('row').nth(1).getByRole('cell').allInnerTexts()
    assert.match(cells[0], /what\.asked/)
    assert.ok(Number(cells[1].replace(/\D/g, '')) >= 20, cells.join(' | '))
    assert.match(cells[2], /≥ 20/)
    await finding.getByRole('button', { name: 'What it means, and what to check' }).click()
    await finding.getByText('Within ten minutes a caller asked for at least twenty objects').waitFor()
    await finding.getByText('Do the ids count up?').waitFor()
    await picture(admin, 'incident', { most: 1600 })
    // Each event leads to its record.
    await page.getByRole('group', { name: 'The newest of the events' }).locator('a.entry').first().click()
    await page.getByRole('heading', { name: 'Proof' }).waitFor()
    await page.goBack()
    await page.getByRole('heading', { name: title, level: 1 }).waitFor()
    robot.incident = new URL(page.url()).pathname
    admin.clean()
  })

  it('is taken, given to somebody, and noted, each of it sealed', async () => {
    const { page } = world.admin
    const log = page.locator('.log')
    const step = async (button, fill) => {
      await page.getByRole('button', { name: button, exact: true }).click()
      const dialog = page.getByRole('dialog')
      await fill(dialog)
      await dialog.getByRole('button', { name: button, exact: true }).click()
      await dialog.waitFor({ state: 'detached' })
      await heard(page, `${button}: it is done, and sealed.`)
    }
    await step('Acknowledge', async () => {})
    await page.locator('.page-head .tag').filter({ hasText: 'acknowledged' }).waitFor()
    await step('Assign', (dialog) => dialog.getByLabel(/^To whom/).fill('ines@shop.example'))
    await log.getByText('given to ines@shop.example').waitFor()
    await step('Note', (dialog) => dialog.getByLabel('What to remember').fill('the tablet was lost on Monday'))
    await log.getByText('the tablet was lost on Monday').waitFor()
    const sealed = await log.getByRole('link', { name: 'sealed' }).all()
    assert.ok(sealed.length >= 4, `${sealed.length} steps are sealed`)
    await page.locator('.figures').getByText('ines@shop.example').waitFor()
    world.admin.clean()
  })

  it('blocks the caller of an alert at the gateway, and undoes it', async () => {
    const { admin } = world
    const { page } = admin
    assert.equal(await robot.call(), 200)
    await page.getByRole('button', { name: 'Block or limit' }).click()
    const dialog = page.getByRole('dialog')
    // It says first what that would have met.
    await dialog.getByRole('region', { name: 'What it would have met' }).getByText(/\d+ calls/).waitFor()
    await dialog.getByLabel(/^Why/).fill('it asks for customers one after the other')
    // Where the result will be told is there before: only then it is heard.
    const result = await dialog.locator('[role=status]').first().elementHandle()
    assert.equal(await result.textContent(), '')
    await picture(admin, 'block')
    await dialog.getByRole('button', { name: 'Block', exact: true }).click()
    await dialog.getByText('In force').waitFor()
    assert.match(await result.textContent(), /^In force.*The next call is judged by it/)
    assert.equal(await robot.call(), 403)
    await dialog.getByRole('button', { name: 'Close' }).last().click()
    await page.getByRole('button', { name: /^Undo block of principal:/ }).click()
    await dialog.getByLabel(/^Reason/).fill('the tablet was found')
    await dialog.getByRole('button', { name: 'Undo', exact: true }).click()
    await heard(page, 'The measure is undone, and that is sealed.')
    await page.getByRole('button', { name: /^Undo block/ }).waitFor({ state: 'detached' })
    assert.equal(await robot.call(), 200)
    admin.clean()
  })

  it('silences a rule for a caller until a time, for a reason, and ends that', async () => {
    const { admin } = world
    const { page } = admin
    await page.getByRole('button', { name: 'Silence', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.locator('select[name=for]').selectOption('1h')
    await dialog.getByRole('button', { name: 'Begin' }).click()
    assert.equal(await dialog.count(), 1, 'a silence without a reason began')
    await dialog.getByLabel(/^Reason/).fill('the contractor counts the customers today')
    await dialog.getByRole('button', { name: 'Begin' }).click()
    await dialog.waitFor({ state: 'detached' })
    await heard(page, 'The silence has begun, and is sealed.')
    await admin.go('/alerts?show=silences')
    const row = page.getByRole('row').filter({ hasText: 'the contractor counts the customers today' })
    const ends = await row.locator('time').first().getAttribute('datetime')
    const minutes = (Date.parse(ends) - Date.now()) / 60_000
    assert.ok(minutes > 50 && minutes <= 60, `it ends in ${minutes} minutes`)
    await picture(admin, 'silences')
    await row.getByRole('button', { name: 'End' }).click()
    await dialog.getByRole('button', { name: 'End it' }).click()
    await heard(page, 'The silence has ended, and that is sealed.')
    await row.getByText('ended').waitFor()
    admin.clean()
  })

  it('asks a second person where one must approve, and not the first', async () => {
    const { admin, house, browser } = world
    const { page } = admin
    await admin.go(robot.incident)
    await page.getByRole('button', { name: 'Block or limit' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('radio', { name: /^Authenticate anew/ }).check()
    await dialog.getByText('Somebody else must approve it: the configuration').waitFor()
    await dialog.getByLabel(/^Why/).fill('its key may have been copied')
    await dialog.getByRole('button', { name: /^Propose/ }).click()
    await dialog.getByText('Proposed', { exact: true }).waitFor()
    await dialog.getByRole('button', { name: 'Close' }).last().click()
    assert.equal(await robot.call(), 200, 'a proposal is in force')
    // Who proposed it cannot approve it.
    await admin.go('/operations')
    await page.getByRole('button', { name: 'Approve' }).click()
    await dialog.getByLabel(/^Reason/).fill('I am sure')
    await dialog.getByRole('button', { name: 'Approve', exact: true }).click()
    await dialog.getByRole('alert').waitFor()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    assert.equal(await robot.call(), 200)

    const grace = await Person.come(browser, house, {}, [house.issuer])
    await grace.page.goto(`${house.ops}/operations`)
    await atProvider(grace, 'grace')
    await grace.page.waitForURL((url) => url.pathname === '/operations')
    await grace.page.getByRole('row').filter({ hasText: 'its key may have been copied' }).waitFor()
    await picture(grace, 'approval')
    await grace.page.getByRole('button', { name: 'Approve' }).click()
    const hers = grace.page.getByRole('dialog')
    await hers.getByLabel(/^Reason/).fill('I agree')
    await hers.getByRole('button', { name: 'Approve', exact: true }).click()
    await grace.page.getByText('approved by grace').waitFor()
    assert.equal(await robot.call(), 401)
    await grace.page.getByRole('button', { name: /^Undo reauthenticate/ }).click()
    await hers.getByLabel(/^Reason/).fill('it has a new key')
    await hers.getByRole('button', { name: 'Undo', exact: true }).click()
    await hers.waitFor({ state: 'detached' })
    await grace.page.getByRole('button', { name: /^Undo reauthenticate/ }).waitFor({ state: 'detached' })
    assert.equal(await robot.call(), 200)
    grace.clean()
    world.grace = grace
    admin.clean(/^\d+ POST \/api\/v1\/measures\/[^/]+\/approve$/)
    admin.refused = []
  })

  it('deactivates an account at its provider, and activates it again', async () => {
    const { admin, browser, house } = world
    const { page } = admin
    await admin.go(world.who)
    await page.getByRole('button', { name: 'Deactivate the account' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Account, as the provider names it').fill('alice@shop.example')
    await dialog.getByLabel(/^Why/).fill('her laptop was stolen')
    await picture(admin, 'deactivate')
    await dialog.getByRole('button', { name: 'Deactivate', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    await heard(page, 'Deactivated: alice@shop.example at automation.')
    const again = page.getByRole('button', { name: 'Activate again: alice@shop.example' })
    await again.waitFor()
    await page.getByText('her laptop was stolen').waitFor()
    assert.deepEqual(house.told.map(({ data }) => [data.action, data.user]), [['deactivate', 'alice@shop.example']])
    await again.click()
    await dialog.getByLabel(/^Why/).fill('the laptop was found')
    await dialog.getByRole('button', { name: 'Activate again' }).click()
    await again.waitFor({ state: 'detached' })
    await page.getByText('Activated again', { exact: true }).waitFor()
    assert.deepEqual(house.told.map(({ data }) => data.action), ['deactivate', 'activate'])

    // An investigator can only propose it.
    const heidi = await Person.come(browser, house, {}, [house.issuer])
    await heidi.page.goto(`${house.ops}/alerts`)
    await atProvider(heidi, 'heidi')
    await heidi.page.waitForURL((url) => url.pathname === '/alerts')
    const hers = heidi.page.getByRole('dialog')
    for (const [why, answer] of [['she left', 'Reject'], ['she really left', 'Approve']]) {
      await heidi.go(world.who)
      await heidi.page.getByRole('button', { name: 'Propose to deactivate the account' }).click()
      await hers.getByLabel('Account, as the provider names it').fill('alice@shop.example')
      await hers.getByLabel(/^Why/).fill(why)
      await hers.getByRole('button', { name: 'Propose', exact: true }).click()
      await hers.waitFor({ state: 'detached' })
      await heidi.page.getByText('Somebody else than heidi approves it until').waitFor()
      assert.equal(house.told.length, 2, 'a proposal was sent')
      await admin.go(world.who)
      await page.getByRole('button', { name: new RegExp(`^${answer} r_`) }).click()
      await dialog.getByLabel(/^Why/).fill('I asked her boss')
      await dialog.getByRole('button', { name: answer, exact: true }).click()
      await dialog.waitFor({ state: 'detached' })
    }
    await page.getByText('approved by').waitFor()
    assert.deepEqual(house.told.map(({ data }) => data.action), ['deactivate', 'activate', 'deactivate'])
    heidi.clean()
    admin.clean()
  })

  it('revokes a token at its issuer, after it was shown that very token', async () => {
    const { admin, house } = world
    const { page } = admin
    const [token, other] = [await house.serviceToken(), await house.serviceToken()]
    const prints = async () => (await house.search('credential.client:=stock-sync credential.method:=jwt')).map((hit) => hit.header.credential.fingerprint)
    const known = new Set(await prints())
    assert.equal(await house.call('/v1/products', { headers: { Authorization: `Bearer ${token}` } }), 200)
    const print = await until('the call', async () => (await prints()).find((each) => !known.has(each)))
    await until('the index', async () => (await house.api(`/api/v1/stats?${new URLSearchParams({ query: `credential.fingerprint:="${print}"`, by: 'credential.client' })}`)).json().rows.length > 0)
    world.credential = `/who/${encodeURIComponent(print)}`
    await admin.go(world.credential)
    await page.getByText('Nothing was revoked.').waitFor()
    await page.getByRole('button', { name: 'Revoke the token' }).click()
    const dialog = page.getByRole('dialog')
    // Automation is told the fingerprint only, the issuer is shown the token.
    await dialog.getByLabel('Provider').selectOption('automation')
    await dialog.getByText('automation is told the fingerprint').waitFor()
    assert.equal(await dialog.getByLabel(/^The token itself/).count(), 0)
    await dialog.getByLabel('Provider').selectOption('issuer')
    // It says first what will happen.
    const preview = dialog.getByRole('region', { name: 'What will happen' })
    await preview.getByText(/^1 call came with it in the last 24 hours/).waitFor()
    await preview.getByText('There is no undo').waitFor()
    await dialog.getByLabel(/^Why/).fill('it stood in a build log')
    await dialog.getByLabel(/^The token itself/).fill(other)
    await picture(admin, 'revoke-token')
    await dialog.getByRole('button', { name: 'Revoke', exact: true }).click()
    await dialog.getByRole('alert').filter({ hasText: 'that is another token' }).waitFor()
    assert.ok(await house.holds(token) && await house.holds(other), 'a token was revoked that was not meant')
    await dialog.getByLabel(/^The token itself/).fill(token)
    await dialog.getByRole('button', { name: 'Revoke', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    await heard(page, `Token revoked: ${print} at issuer.`)
    await page.getByText('it stood in a build log').waitFor()
    await page.locator('.tag').filter({ hasText: 'Token revoked' }).waitFor()
    assert.deepEqual([await house.holds(token), await house.holds(other)], [false, true])
    // It is nowhere in the page.
    assert.ok(!(await page.content()).includes(token.slice(-40)))
    admin.clean(/^400 POST \/api\/v1\/revocations$/)
    admin.refused = []
  })

  it('is closed with a reason, and stays to be read', async () => {
    const { admin } = world
    const { page } = admin
    await admin.go(robot.incident)
    await page.getByRole('button', { name: 'Resolve' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel(/^Reason/).fill('the key was changed')
    await dialog.getByRole('button', { name: 'Resolve' }).click()
    await page.locator('.page-head .tag').filter({ hasText: 'resolved' }).waitFor()
    await page.locator('.log').getByText('the key was changed').waitFor()
    await admin.nav('Alerts')
    await page.getByRole('tab', { name: 'Closed' }).click()
    await page.getByRole('link', { name: new RegExp(title) }).waitFor()
    admin.clean()
    world.incident = robot.incident
  })

  it('revokes a token because of an incident, from the page of that', async () => {
    const { admin, house } = world
    const { page } = admin
    const token = await house.serviceToken()
    for (let i = 0; i < 25; i++) await house.call(`/v1/customers/cus_8${String(i).padStart(5, '0')}`, { headers: { Authorization: `Bearer ${token}` } })
    const last = await until('the calls', async () => (await house.search('credential.client:=stock-sync what.path:="/v1/customers/cus_800024"', 1))[0])
    const { principal, credential } = last.header
    const incident = await until('the incident', async () => (await house.api('/api/v1/incidents')).json().incidents.find((each) => each.rules.includes('bola-denied') && each.entity.some(({ value }) => value === principal.id)))
    await admin.go(`/alerts/${incident.id}`)
    const access = page.getByRole('region', { name: 'At the provider' })
    await access.getByText('Nothing was revoked.').waitFor()
    // A service has no account that could be deactivated.
    assert.equal(await page.getByRole('button', { name: 'Deactivate the account' }).count(), 0)
    await access.getByRole('button', { name: 'Revoke the token' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Provider').selectOption('issuer')
    await dialog.getByLabel(/^Token, by its fingerprint/).selectOption(credential.fingerprint)
    await dialog.getByLabel(/^Why/).fill('it asks for customers one after the other')
    await dialog.getByLabel(/^The token itself/).fill(token)
    await dialog.getByRole('button', { name: 'Revoke', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    await heard(page, `Token revoked: ${credential.fingerprint} at issuer.`)
    await access.locator('.tag').filter({ hasText: 'Token revoked' }).waitFor()
    await access.getByText('it asks for customers one after the other').waitFor()
    assert.equal(await house.holds(token), false)
    const revocations = (await house.api('/api/v1/revocations')).json()
    assert.equal(revocations.find((each) => each.fingerprint === credential.fingerprint)?.incident, incident.id)
    admin.clean()
  })

  it('says that no provider is configured, and offers none', async () => {
    const { admin, grace, house } = world
    const { page } = admin
    const away = () => Promise.all([page, grace.page].map((each) => each.goto('about:blank')))
    await away()
    const providers = await house.withAct([])
    const says = async (path, sentence) => {
      await admin.go(path)
      const access = page.getByRole('region', { name: 'At the provider' })
      await access.getByText(sentence).waitFor()
      await access.getByText('A block holds at the gateway only.').waitFor()
      assert.equal(await access.getByRole('button').count(), 0)
    }
    await says(world.credential, 'No provider is configured that could be asked to revoke the token')
    await says(world.who, 'No provider is configured that could be asked to deactivate the account')
    admin.clean()
    await away()
    await house.withAct(providers)
  })

  it('revokes an API key that Gatebook gave, and offers no issuer for it', async () => {
    const { browser, house } = world
    const secret = await house.gatebook('keys', 'add', 'old-scanner', '--kind', 'machine')
    const call = () => house.call('/v1/products', { headers: { 'X-API-Key': secret } })
    assert.equal(await call(), 200)
    const keys = (await house.api('/api/v1/keys')).json()
    const { id } = keys.find((each) => each.name === 'old-scanner')
    const indexed = () => house.api(`/api/v1/stats?${new URLSearchParams({ query: `credential.key_id:="${id}"`, by: 'credential.fingerprint' })}`)
    const row = await until('the index', async () => (await indexed()).json().rows.find(({ values }) => values[0] !== ''))
    // It cannot be undone: that asks for somebody who signed in a moment ago.
    const grace = await Person.come(browser, house, {}, [house.issuer])
    const { page } = grace
    await page.goto(`${house.ops}/who/${encodeURIComponent(row.values[0])}`)
    await atProvider(grace, 'grace')
    await page.waitForURL((url) => url.pathname.startsWith('/who/'))
    const itself = page.getByRole('region', { name: 'The key itself' })
    await itself.getByText('old-scanner').waitFor()
    assert.equal(await page.getByRole('button', { name: 'Revoke the token' }).count(), 0)
    await itself.getByRole('button', { name: 'Revoke the key' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('There is no undo').waitFor()
    await dialog.getByLabel(/^Reason/).fill('the scanner was sold')
    await dialog.getByRole('button', { name: 'Revoke', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    await heard(page, 'The key of old-scanner is revoked, and that is sealed.')
    await itself.getByText('revoked', { exact: true }).waitFor()
    assert.equal(await itself.getByRole('button').count(), 0)
    // It proves nothing any more.
    await call()
    const { principal } = (await until('the call', async () => (await house.search(`credential.fingerprint:="${row.values[0]}" principal.level:=1`, 1))[0])).header
    assert.equal(principal.reason, 'key-revoked')
    grace.clean()
    await grace.leave()
    world.key = `/who/${keys.find((each) => each.name === 'contractor-tablet').id}` // one that holds
  })
}
