// Strings of hostile callers are shown, and never run.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { until } from '../lib/house.js'

const img = '<img src=x onerror="window.ran=1;fetch(\'http://evil.invalid/\')">'
const script = '"><script>window.ran=1;alert(1)</script><svg onload=window.ran=1>'
const link = 'javascript:window.ran=1//'
const turned = '\u202Egnp.exe\u202C\u2066\u0000'.replace('\u0000', '')
const long = `<b>${'A'.repeat(6000)}</b>`

export function hostile(world) {
  it('shows hostile strings of callers as text', async () => {
    const { house, admin } = world
    const { page } = admin
    admin.faults = []
    admin.refused = []
    const key = await house.gatebook('keys', 'add', `${img}`, '--kind', 'service')
    const utf8 = (text) => Buffer.from(text, 'utf8').toString('latin1')
    const ends = []
    for (const [i, text] of [img, script, link, turned, long].entries()) {
      const path = `/v1/customers/${encodeURIComponent(text).slice(0, 3000)}?q=${encodeURIComponent(text).slice(0, 3000)}&hostile=${i}`
      const headers = { 'User-Agent': utf8(text), Referer: utf8(text), 'X-Forwarded-For': '"><script>', 'X-Request-Id': utf8(text).slice(0, 200), 'X-Hostile': utf8(text), 'Content-Type': 'application/json' }
      ends.push(await house.call(path, { method: 'POST', headers: { ...headers, 'X-API-Key': key }, body: JSON.stringify({ name: text, [text.slice(0, 80)]: text }) }))
      ends.push(await house.call(path, { headers: { ...headers, Authorization: `Basic ${Buffer.from(`${text.slice(0, 200)}:x`).toString('base64')}` } }))
    }
    const calls = await until('the hostile calls', async () => {
      const hits = await house.search('kind:=access', 20)
      return hits.length >= ends.length && JSON.stringify(hits).includes('onerror') && hits
    })
    const newest = calls.slice(0, ends.length)
    for (const { number } of newest) {
      await admin.go(`/call/${number}`)
      const show = page.getByRole('button', { name: 'Show headers and bodies' })
      if (await show.count()) {
        await show.click()
        await page.getByRole('tablist', { name: 'Headers and bodies' }).waitFor()
      }
      await page.$$eval('main details', (list) => list.forEach((details) => (details.open = true)))
      await harmless(page, `/call/${number}`)
    }
    const name = newest.find((hit) => hit.who?.name?.includes('<img'))
    assert.ok(name, 'the name of the key is not in the record')
    for (const path of [
      '/live',
      `/search?q=${encodeURIComponent('kind:=access')}&columns=${encodeURIComponent('operation.path,client.agent,who.name')}`,
      `/search?q=${encodeURIComponent(img)}`,
      `/who/${encodeURIComponent(img)}`,
      `/object/${encodeURIComponent(script)}/${encodeURIComponent(img)}`,
      `/data/${encodeURIComponent(script)}`,
      `/call/${encodeURIComponent(img)}`,
      '/people?show=keys',
      '/people?show=looks',
      '/operations',
    ]) {
      await admin.go(path)
      await harmless(page, path)
    }
    assert.ok((await page.content()).length > 0)
    assert.deepEqual(admin.faults, [])
    admin.refused = []
  })
}

/** Nothing of what was sent became an element of its own, or ran. */
async function harmless(page, path) {
  const found = await page.evaluate(() => ({
    ran: window.ran,
    elements: [...document.querySelectorAll('main script, main b > b, main img:not([src^="/"]), main svg[onload], [onerror], [onload]')].map((element) => element.outerHTML.slice(0, 100)),
    links: [...document.querySelectorAll('a[href]')].map((a) => a.protocol).filter((protocol) => protocol !== 'http:'),
    wide: document.documentElement.scrollWidth > innerWidth,
  }))
  assert.deepEqual(found, { ran: undefined, elements: [], links: [], wide: false }, path)
}
