// What other pages, copied cookies and prepared links achieve: nothing.
// internal/api has the same without a browser, in more cases.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { it } from 'node:test'
import { Person } from '../lib/browser.js'

/** Serves one page as another site does: 127.0.0.1 is another site than localhost. */
async function elsewhere(html) {
  const server = createServer((_, answer) => answer.writeHead(200, { 'Content-Type': 'text/html' }).end(html))
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => new Promise((resolve) => server.close(resolve)) }
}

export function forgery(world) {
  it('refuses forms and requests of other pages, and is in no frame', async () => {
    const { house, admin } = world
    const evil = await elsewhere(`<!doctype html><title>evil</title>
      <iframe id=frame src="${house.ops}/people"></iframe>
      <form id=form method=post target=into action="${house.ops}/api/v1/accounts" enctype="text/plain"><input name='{"name":"mallory","role":"administrator","x":"' value='"}'></form><iframe name=into></iframe>`)
    const page = await admin.context.newPage()
    try {
      const answers = []
      page.on('response', (response) => answers.push(`${response.status()} ${response.request().method()} ${new URL(response.url()).pathname}`))
      const framed = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/people')).catch(() => undefined)
      await page.goto(evil.url)
      await framed
      assert.ok(!page.frames().some((frame) => frame.url().startsWith(house.ops)), 'the console is in a frame of another page')
      const posted = page.waitForResponse((response) => response.request().method() === 'POST')
      await page.evaluate(() => document.getElementById('form').submit())
      assert.ok([401, 403].includes((await posted).status()), 'a form of another page was taken')
      const fetched = await page.evaluate(
        async (ops) =>
          Promise.all(
            [
              ['GET', '/api/v1/search?query=*'],
              ['POST', '/api/v1/accounts'],
            ].map(([method, path]) => fetch(ops + path, { method, credentials: 'include', headers: { 'Gatebook-Tool': 'console' } }).then((answer) => answer.status, () => 'refused')),
          ),
        house.ops,
      )
      assert.deepEqual(fetched, ['refused', 'refused'])
    } finally {
      await page.close()
      await evil.close()
    }
    const accounts = (await house.api('/api/v1/accounts')).text
    assert.ok(!accounts.includes('mallory'), accounts)
  })

  it('stays here after signing in, whatever the address says', async () => {
    const { house, browser } = world
    for (const next of ['//evil.example/', 'https://evil.example/', '/\\evil.example', 'javascript:alert(1)']) {
      const person = await Person.come(browser, house)
      await person.page.goto(`${house.ops}/sign-in?next=${encodeURIComponent(next)}`)
      await person.page.getByLabel('Name').fill('vera@shop.example')
      await person.page.getByLabel('Password').fill(world.password)
      await person.page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await person.page.waitForURL((url) => url.pathname !== '/sign-in')
      assert.equal(new URL(person.page.url()).host, new URL(house.ops).host, next)
      person.clean()
      await person.leave()
    }
  })

  it('ends a copied cookie with the session, and looks at no token in an address', async () => {
    const { house, browser } = world
    const person = await Person.come(browser, house)
    await person.page.goto(`${house.ops}/sign-in`)
    await person.page.getByLabel('Name').fill('ines@shop.example')
    await person.page.getByLabel('Password').fill(world.password)
    await person.page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await person.page.waitForURL((url) => url.pathname !== '/sign-in')
    await person.drawn()
    assert.equal(await person.page.evaluate(() => document.cookie.includes('session')), false, 'scripts can read the session')

    await person.nav('Search')
    await person.page.locator('.result-line').waitFor()
    const cookies = await person.context.cookies()
    const ask = async (context) => (await context.request.get(`${house.ops}/api/v1/search?query=*`, { headers: { 'Gatebook-Tool': 'console' } })).status()
    const thief = await browser.newContext()
    await thief.addCookies(cookies)
    // The copy is told apart by the kind of browser; this thief copies that, too.
    await thief.setExtraHTTPHeaders({ 'User-Agent': await person.page.evaluate(() => navigator.userAgent) })
    await person.page.getByRole('button', { name: 'Sign out' }).click()
    await person.page.waitForURL(/\/sign-in/)
    await person.page.getByLabel('Password').waitFor()
    assert.equal(await ask(thief), 401, 'the copied cookie still counts')
    await thief.close()
    // Nothing that was shown stays behind.
    await person.page.goBack()
    await person.page.waitForURL(/\/sign-in/)
    person.refused = []
    const token = (await house.api('/api/v1/session')) && house.token
    const answer = await person.context.request.get(`${house.ops}/api/v1/search?query=*&token=${encodeURIComponent(token)}`)
    assert.ok(answer.status() >= 400, `a token in an address: ${answer.status()}`)
    person.clean()
    await person.leave()
  })
}
