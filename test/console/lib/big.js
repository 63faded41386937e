// A Gatebook over a record of many events, with somebody who may search it.

import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Person } from './browser.js'
import { bin, end, freePort, patience, until } from './house.js'

const run = promisify(execFile)

export class Big {
  #dir
  #server
  #account = { name: `measure-${randomBytes(3).toString('hex')}`, role: 'investigator', password: randomBytes(12).toString('hex') }

  /** What OPS and DATA name; without them, one with that many events is made, with a search index or without, and is gone when it is closed. */
  static async open(events, { index = true } = {}) {
    const big = new Big()
    try {
      await big.#open(events, index)
    } catch (error) {
      await big.close()
      throw error
    }
    return big
  }

  async #open(events, index) {
    this.ops = process.env.OPS
    this.data = process.env.DATA
    if (!this.ops) {
      this.#dir = mkdtempSync(join(tmpdir(), 'gatebook-big-'))
      this.data = join(this.#dir, 'data')
      await run('go', ['run', '.', '-data', this.data, '-events', String(events)], { cwd: join(import.meta.dirname, '../big') })
      const port = await freePort()
      this.ops = `http://127.0.0.1:${port}`
      const config = join(this.#dir, 'gatebook.yaml')
      // Nobody calls; a gateway without an upstream there is not.
      const gateway = { listeners: [{ name: 'none', address: `127.0.0.1:${await freePort()}` }], routes: [{ name: 'none', path: '/', upstream: 'http://127.0.0.1:9' }] }
      writeFileSync(config, JSON.stringify({ ops: { listen: `127.0.0.1:${port}` }, gateway, index: { mode: index ? 'child' : 'off' } }))
      this.#server = spawn(join(bin, 'gatebook'), ['serve', '--config', config, '--data', this.data], { stdio: 'ignore' })
      await until('Gatebook', () => fetch(`${this.ops}/readyz`).then((answer) => answer.ok, () => false))
      if (index) await until('the index', async () => (await this.meta()).indexed >= events, 10 * patience)
    }
    const made = await this.ask('/api/v1/accounts', { method: 'POST', body: JSON.stringify(this.#account) })
    if (made.status !== 201) throw new Error(await made.text())
  }

  /** Asks the API as the administrator of the token file. */
  ask(path, init) {
    const token = readFileSync(join(this.data, 'keys', 'ops.token'), 'utf8').trim()
    return fetch(this.ops + path, { ...init, headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' } })
  }

  /** How many records there are, and how many are indexed. */
  async meta() {
    return (await (await this.ask('/api/v1/search?query=kind:=access&limit=1')).json()).meta
  }

  /** A browser of somebody who is signed in. */
  async come(browser, options) {
    const one = await Person.come(browser, this, options)
    await one.page.goto(`${this.ops}/sign-in`)
    await one.page.locator('#username').fill(this.#account.name)
    await one.page.locator('#password').fill(this.#account.password)
    await one.page.keyboard.press('Enter')
    await one.page.waitForURL((url) => url.pathname !== '/sign-in')
    return one
  }

  /** The cookies of a session that begins now in the browser of that name. */
  async cookies(agent) {
    const { name, password } = this.#account
    const headers = { 'Content-Type': 'application/json', 'Gatebook-Tool': 'console', 'User-Agent': agent, Origin: this.ops }
    const signedIn = await fetch(`${this.ops}/api/v1/session`, { method: 'POST', headers, body: JSON.stringify({ name, password }) })
    if (!signedIn.ok) throw new Error(await signedIn.text())
    return signedIn.headers.getSetCookie().map((line) => {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
      return { name, value }
    })
  }

  async close() {
    if (this.#server) await end(this.#server)
    if (this.#dir) rmSync(this.#dir, { recursive: true, force: true })
  }
}
