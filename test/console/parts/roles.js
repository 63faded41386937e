// Who may see what, in the page and in the API.

import assert from 'node:assert/strict'
import { it } from 'node:test'

export function roles(world) {
  it('never shows a payload to a viewer, in the page and in the API', async () => {
    const { house, viewer, investigator } = world
    const [call] = await house.search('kind:=access outcome.status:=200 who.email:=alice@shop.example', 20).then((hits) => hits.filter((hit) => hit.header.commit?.payload))
    assert.ok(call, 'no call with a payload')
    for (const [person, sees] of [
      [viewer, false],
      [investigator, true],
    ]) {
      await person.go(`/call/${call.number}`)
      const show = person.page.getByRole('button', { name: 'Show headers and bodies' })
      if (sees) {
        await show.click()
        await person.page.getByRole('tablist', { name: 'Headers and bodies' }).waitFor()
      } else {
        await person.page.getByText('Your role does not see payloads').waitFor()
        assert.equal(await show.count(), 0)
      }
      for (const path of [`/api/v1/events/${call.number}`, `/api/v1/search?query=id:%3D%22${call.header.id}%22&payload=true`]) {
        const text = await person.page.evaluate(async (at) => (await fetch(at, { headers: { 'Gatebook-Tool': 'console' } })).text(), path)
        const record = JSON.parse(text)
        const shown = (record.record ?? record.hits?.[0])?.payload
        assert.equal(shown !== undefined && shown !== null, sees && !path.includes('search') ? true : sees && shown !== undefined, `${path}: ${text.slice(0, 200)}`)
      }
    }
    // With a token of the role, too.
    const token = await house.gatebook('readers', 'add', 'script', '--role', 'viewer')
    const answer = await house.api(`/api/v1/events/${call.number}`, { token })
    assert.equal(answer.status, 200)
    assert.equal(answer.json().record.payload ?? undefined, undefined)
  })

  it('offers a viewer nothing that is refused', async () => {
    const { viewer, house } = world
    const { page } = viewer
    viewer.refused = []
    const paths = await page.$$eval('nav a[href^="/"]', (links) => links.map((link) => link.getAttribute('href')))
    for (const path of [...new Set([...paths, world.who, world.object])]) {
      await viewer.go(path)
      for (const name of [/^(Revoke|Remove|Disable|Enable|Undo|Approve|Reject)\b/, /^(Block|Add an account|Make a (token|key)|Evidence pack|Erase)/]) {
        const enabled = await page.getByRole('button', { name }).evaluateAll((buttons) => buttons.filter((button) => !button.disabled).map((button) => button.textContent))
        assert.deepEqual(enabled, [], `${path} offers a viewer what it may not do`)
      }
    }
    for (const [method, path, body] of [
      ['POST', '/api/v1/accounts', { name: 'mallory@shop.example', role: 'administrator' }],
      ['POST', '/api/v1/measures', { kind: 'block', subject: 'principal:p_x' }],
      ['POST', '/api/v1/keys', { name: 'mine' }],
      ['POST', '/api/v1/verify', {}],
    ]) {
      const status = await page.evaluate(
        async ([m, p, b]) => (await fetch(p, { method: m, body: JSON.stringify(b), headers: { 'Gatebook-Tool': 'console', 'Content-Type': 'application/json', 'Gatebook-Reason': 'try' } })).status,
        [method, path, body],
      )
      assert.equal(status, 403, `${method} ${path}`)
    }
    assert.deepEqual(viewer.faults, [])
    assert.ok(house)
  })
}
