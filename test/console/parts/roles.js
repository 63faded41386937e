// Who may see what, in the page and in the API.

import assert from 'node:assert/strict'
import { it } from 'node:test'

/** All values of a member, at any depth of an answer. */
function values(answer, name) {
  if (Array.isArray(answer)) return answer.flatMap((each) => values(each, name))
  if (answer === null || typeof answer !== 'object') return []
  return Object.entries(answer).flatMap(([key, value]) => [...(key === name ? [value] : []), ...values(value, name)])
}

/** Asks the API as this person's browser does. */
function ask(person, path, init = {}) {
  return person.page.evaluate(
    async ([at, how]) => {
      const answer = await fetch(at, { ...how, headers: { 'Gatebook-Tool': 'console', ...how.headers } })
      return { status: answer.status, text: await answer.text() }
    },
    [path, init],
  )
}

/** A call with a body that names somebody, and what of the body nobody else knows. */
async function secretOf(house) {
  const calls = await house.search('kind:=access outcome.status:=200 who.email:=alice@shop.example data:email', 50)
  for (const { number, header } of calls) {
    if (!header.commit?.payload) continue
    const { record } = (await house.api(`/api/v1/events/${number}`)).json()
    // Of the redacted body: a person's address in it, which is in no other envelope.
    const secret = /"email":"([^"]+@example\.[a-z]+)"/.exec(record.payload?.response?.body ?? '')?.[1]
    if (secret && !JSON.stringify({ ...record, payload: undefined }).includes(secret)) return { number, id: header.id, secret }
  }
  return assert.fail('no call has a body with an address')
}

/** Each way to a payload in the API: its answer with what an investigator is shown, and without. */
function ways({ number, id }) {
  const query = encodeURIComponent(`id:="${id}"`)
  return [
    `/api/v1/events/${number}`,
    `/api/v1/events/${number}?payload=true`,
    `/api/v1/events/${id}`,
    `/api/v1/search?query=${query}&payload=true`,
    `/api/v1/export?query=${query}`,
    `/api/v1/export?query=${query}&format=csv`,
  ]
}

export function roles(world) {
  it('never shows a payload to a viewer or an auditor by any way of the API, and to an investigator by some', async () => {
    const { house, viewer, investigator } = world
    const call = await secretOf(house)
    world.secret = call
    const shown = []
    for (const path of ways(call)) {
      const { status, text } = await ask(investigator, path)
      if (status === 200 && text.includes(call.secret)) shown.push(path)
      const { text: hidden } = await ask(viewer, path)
      assert.ok(!hidden.includes(call.secret), `a viewer is shown a payload by ${path}`)
      if (hidden.startsWith('{')) {
        const payloads = values(JSON.parse(hidden), 'payload').filter((value) => value !== null && typeof value === 'object')
        assert.deepEqual(payloads, [], `a viewer is shown a part of a payload by ${path}`)
      }
    }
    // So the question was the right one: who may see it is shown it.
    assert.deepEqual(
      shown,
      ways(call).filter((path) => !path.includes('format=csv')),
      'what an investigator is shown; a CSV has no payloads',
    )
    // A pack of evidence would hold it, and is compressed: a viewer gets none at all.
    assert.equal((await ask(viewer, `/api/v1/evidence?query=${encodeURIComponent(`id:="${call.id}"`)}`)).status, 403)
    // With tokens of these roles, too.
    for (const role of ['viewer', 'auditor']) {
      const token = await house.gatebook('readers', 'add', `script-${role}`, '--role', role)
      for (const path of ways(call)) assert.ok(!(await house.api(path, { token })).text.includes(call.secret), `a token of the role ${role} is shown a payload by ${path}`)
    }
  })

  it('shows payloads to an investigator, and on no page to a viewer', async () => {
    const { viewer, investigator, secret: call } = world
    await investigator.go(`/call/${call.number}`)
    await investigator.page.getByRole('button', { name: 'Show headers and bodies' }).click()
    await investigator.page.getByRole('tablist', { name: 'Headers and bodies' }).waitFor()
    await investigator.page.getByRole('tab', { name: 'Answer' }).click()
    await investigator.page.getByText(call.secret).first().waitFor()
    investigator.clean()

    // All that the viewer's browser is sent, on each page, and all that it draws.
    const sent = []
    viewer.page.on('response', (response) => {
      if (response.url().includes('/api/')) sent.push(response.text().then((text) => ({ url: response.url(), text }), () => undefined))
    })
    const query = encodeURIComponent(`id:="${call.id}"`)
    for (const path of [`/call/${call.number}`, `/search?q=${query}`, `/search?q=${query}&columns=${encodeURIComponent('who.email,operation.action')}`, '/live', world.who, world.object, '/data/email', '/alerts', '/inventory', '/rules']) {
      await viewer.go(path)
      assert.ok(!(await viewer.page.content()).includes(call.secret), `${path} shows a payload to a viewer`)
      assert.equal(await viewer.page.getByRole('button', { name: 'Show headers and bodies' }).count(), 0, path)
      for (const name of ['Export', 'Evidence pack']) {
        const enabled = await viewer.page.getByRole('button', { name, exact: true }).evaluateAll((buttons) => buttons.filter((button) => !button.disabled).length)
        assert.equal(enabled, 0, `${path} offers a viewer ${name}`)
      }
    }
    for (const answer of await Promise.all(sent)) {
      if (answer) assert.ok(!answer.text.includes(call.secret), `${answer.url} holds a payload for a viewer`)
    }
    viewer.refused = []
    assert.deepEqual(viewer.faults, [])
  })

  it('offers a viewer nothing that is refused', async () => {
    const { viewer } = world
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
      const { status } = await ask(viewer, path, { method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', 'Gatebook-Reason': 'try' } })
      assert.equal(status, 403, `${method} ${path}`)
    }
    assert.deepEqual(viewer.faults, [])
  })
}
