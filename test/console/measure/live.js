// The live page with a thousand calls a second through the gateway:
//
//	bash test/console/run.sh measure/live.js
//
// ROUNDS and SECONDS say how often and how long, RATE how many calls. In each
// round a page that shows nothing that changes is watched first, with the same
// calls on the same machine: what it drops is the machine's. Chromium runs before
// other programs, see chromium.sh; what the page's thread works is counted in
// the processor's time, which other programs do not add to.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { launch, Person } from '../lib/browser.js'
import { frames, memory, mib, say, sayWork } from '../lib/frames.js'
import { House, until } from '../lib/house.js'
import { load, machine } from '../lib/machine.js'

const rounds = Number(process.env.ROUNDS ?? 3)
const seconds = Number(process.env.SECONDS ?? 20)
const rate = Number(process.env.RATE ?? 1000)

describe(`live at ${rate} calls a second`, { timeout: 900_000 }, () => {
  let house, browser
  before(async () => {
    house = await House.open({ flood: true })
    browser = await launch({ measured: true })
  })
  after(async () => {
    await browser?.close()
    await house?.close()
  })

  it('draws every frame', async (t) => {
    t.diagnostic(machine())
    const person = await Person.come(browser, house)
    await person.signIn(house.link)
    const calls = async () => Number(/^gatebook_calls_total\S* (\S+)/m.exec((await house.api('/metrics')).text)?.[1] ?? 0)
    const stop = house.flood(rate)
    await until('calls', async () => (await calls()) > rate)

    const measured = []
    for (let round = 1; round <= rounds; round++) {
      await person.go('/rules')
      const idle = await frames(person.page, seconds)
      t.diagnostic(`round ${round}: a page at rest: ${say(idle)}`)

      await person.go('/live')
      await person.page.getByText('A sample:').waitFor()
      const from = { at: Date.now(), calls: await calls(), memory: await memory(person.page) }
      const live = await frames(person.page, seconds)
      const passed = (Date.now() - from.at) / 1000
      const to = { calls: await calls(), memory: await memory(person.page) }
      const said = await person.page.getByText('A sample:').textContent()
      t.diagnostic(`round ${round}: live: ${say(live)}`)
      t.diagnostic(`round ${round}: at rest, ${sayWork(idle.work)}; live, ${sayWork(live.work)}`)
      t.diagnostic(`round ${round}: ${Math.round((to.calls - from.calls) / passed)} calls/s; heap ${mib(from.memory.heap)}, then ${mib(to.memory.heap)}; ${from.memory.nodes} nodes, then ${to.memory.nodes}; ${load()}`)
      t.diagnostic(`round ${round}: ${said}`)
      measured.push({ idle, live })
    }
    await stop()
    const more = measured.map(({ idle, live }) => live.dropped - idle.dropped)
    t.diagnostic(`frames that the live page dropped beyond the page at rest: ${more.join(', ')}`)
    assert.ok(measured.length === rounds)
    person.clean()
  })
})
