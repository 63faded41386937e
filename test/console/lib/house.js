// Starts the sample shop and a Gatebook before it, in an empty directory, on
// free ports of loopback, and ends them.

import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createWebServer, request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The service of the shop whose tokens are revoked. */
const service = 'stock-sync'

/** Where run.sh built the programs. */
export const bin = join(import.meta.dirname, '../../../.work/console')

const flooding = join(import.meta.dirname, 'flood.js')

/** How long a condition may take on a machine that is very busy, in ms. */
export const patience = Number(process.env.PATIENCE ?? 60) * 1000

/** Asks again and again until there is an answer that is not empty. */
export async function until(what, ask, most = patience) {
  const end = Date.now() + most
  for (;;) {
    const got = await ask()
    if (got) return got
    if (Date.now() > end) throw new Error(`waited ${most / 1000} s for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

const given = new Set()

/** A port on which nobody listens, below those of outgoing connections, which could take it. */
export async function freePort() {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 22_000)
    if (given.has(port)) continue
    given.add(port)
    const free = await new Promise((resolve) => {
      const server = createServer()
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (free) return port
  }
}

export class House {
  #children = []
  #config = {}
  #servers = []
  #dir = mkdtempSync(join(tmpdir(), 'gatebook-console-'))
  data = join(this.#dir, 'gatebook-data')
  /** What the automation of the provider was told. */
  told = []
  /** What gatebook serve said. */
  said = ''

  /** Runs the shop, its issuer and Gatebook, and for a flood a plain API; nobody has called yet. */
  static async open({ flood = false } = {}) {
    const house = new House()
    try {
      await house.#open(flood)
    } catch (error) {
      await house.close()
      throw error
    }
    return house
  }

  async #open(flood) {
    // The console is at localhost and its provider at 127.0.0.1, which are two sites to a browser.
    const port = await freePort()
    this.ops = `http://localhost:${port}`
    this.issuer = (await this.#ready('shop', ['issuer', '--listen', '127.0.0.1:0', '--console', this.ops])).issuer
    const shop = (await this.#ready('shop', ['serve', '--listen', '127.0.0.1:0', '--issuer', this.issuer, '--trust-gateway'])).api
    this.gateway = `http://127.0.0.1:${await freePort()}`
    this.#config = {
      ops: { listen: `127.0.0.1:${port}` },
      console: { public_url: this.ops },
      act: {
        approval: { kinds: ['reauthenticate'] },
        providers: [
          { name: 'automation', kind: 'webhook', url: await this.#automation(), key: `whsec_${randomBytes(32).toString('base64')}` },
          { name: 'issuer', kind: 'token', url: `${this.issuer}/revoke`, client_id: service, key: `${service}-demo-secret` },
        ],
      },
      gateway: {
        listeners: [{ name: 'shop', address: new URL(this.gateway).host }],
        routes: [
          { name: 'administration', path: '/v1/admin', upstream: shop, durability: 'recorded', api: { path: '/openapi.json' } },
          ...(flood ? [{ name: 'flood', path: '/flood', upstream: await this.#plain(), durability: 'served' }] : []),
          { name: 'shop', path: '/', upstream: shop, durability: 'served', api: { path: '/openapi.json' } },
        ],
      },
      identity: { oidc: [{ name: 'shop', issuer: this.issuer, audiences: ['shop-api'] }], api_keys: { enabled: true } },
    }
    await this.serve()
  }

  /** Listens as the automation of an identity provider does: what it is told is in told. Returns its address. */
  async #automation() {
    const server = createWebServer((request, answer) => {
      let body = ''
      request.on('data', (chunk) => (body += chunk))
      request.on('end', () => {
        this.told.push(JSON.parse(body))
        answer.writeHead(204).end()
      })
    })
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.#servers.push(server)
    return `http://127.0.0.1:${server.address().port}/revoke`
  }

  /** Starts Gatebook anew with a provider at which people sign in. */
  async withProvider() {
    await this.stopServer()
    this.#config.console.oidc = {
      issuer: this.issuer,
      name: 'the shop',
      client_id: 'gatebook',
      name_claim: 'preferred_username',
      roles_claim: 'email',
      roles: ['heidi@shop.example=investigator', 'grace@shop.example=administrator'],
    }
    await this.serve()
  }

  /** Starts Gatebook anew with these providers of accounts and tokens, and returns those that it had. */
  async withAct(providers) {
    await this.stopServer()
    const before = this.#config.act.providers
    this.#config.act.providers = providers
    await this.serve()
    return before
  }

  /** Starts Gatebook, and waits until it is well. */
  async serve() {
    this.said = ''
    writeFileSync(join(this.#dir, 'gatebook.yaml'), JSON.stringify(this.#config))
    this.server = this.#start('gatebook', ['serve', '--config', join(this.#dir, 'gatebook.yaml'), '--data', this.data], (line) => (this.said += `${line}\n`))
    await until('Gatebook', () => fetch(`${this.ops}/readyz`).then((answer) => answer.ok, () => false)).catch((error) => {
      throw new Error(`${error.message}; it said:\n${this.said}`)
    })
  }

  /** Kills Gatebook: it has no time to say anything to anybody. */
  async killServer() {
    await end(this.server, 'SIGKILL')
  }

  /** Stops Gatebook as SIGTERM does. */
  async stopServer() {
    await end(this.server)
  }

  /** The link that gatebook serve printed. */
  get link() {
    return /https?:\S+#\S+/.exec(this.said)?.[0] ?? ''
  }

  /** Runs a verb on the data, and returns what it prints. */
  async gatebook(...args) {
    const { stdout } = await run(join(bin, 'gatebook'), [...args, '--data', this.data])
    return stdout.trim()
  }

  /** Asks the API as the administrator of the token file, or with the token. */
  async api(path, { token, ...init } = {}) {
    this.token ??= await run('cat', [join(this.data, 'keys', 'ops.token')]).then(({ stdout }) => stdout.trim())
    const answer = await fetch(this.ops + path, { ...init, headers: { Authorization: `Bearer ${token ?? this.token}`, 'Content-Type': 'application/json', ...init.headers } })
    const text = await answer.text()
    return { status: answer.status, text, json: () => JSON.parse(text) }
  }

  /** The records that match, newest first. */
  async search(query, limit = 1000) {
    const answer = await this.api(`/api/v1/search?${new URLSearchParams({ query, limit })}`)
    return answer.status === 200 ? answer.json().hits : []
  }

  /** Calls through the gateway; nothing of the path or of the headers is put right. */
  call(path, { method = 'GET', headers = {}, body } = {}) {
    const { hostname, port } = new URL(this.gateway)
    return new Promise((resolve, reject) => {
      const req = request({ hostname, port, path, method, headers, agent: false }, (res) => {
        res.resume()
        res.on('end', () => resolve(res.statusCode))
      })
      req.on('error', reject)
      req.end(body)
    })
  }

  /** A token of one of the shop's services, from its issuer. */
  async serviceToken() {
    return (await this.#atIssuer('token_endpoint', { grant_type: 'client_credentials' })).access_token
  }

  /** Whether a token of the service is good, as its issuer says. */
  async holds(token) {
    return (await this.#atIssuer('introspection_endpoint', { token })).active
  }

  async #atIssuer(endpoint, form) {
    const at = (await (await fetch(`${this.issuer}/.well-known/openid-configuration`)).json())[endpoint]
    const answer = await fetch(at, { method: 'POST', body: new URLSearchParams(form), headers: { Authorization: `Basic ${Buffer.from(`${service}:${service}-demo-secret`).toString('base64')}` } })
    return answer.json()
  }

  /** Lets the shop's people call until it is ended. */
  calling(key) {
    const child = this.#start('shop', ['traffic', '--target', this.gateway, '--issuer', this.issuer, '--rate', '120', ...(key ? ['--api-key-file', key] : [])], () => {})
    return { end: () => end(child) }
  }

  /** Lets the shop's people, services and strangers call until that many calls are found. */
  async traffic(calls) {
    const key = join(this.#dir, 'machine.key')
    writeFileSync(key, await this.gatebook('keys', 'add', 'label-printer', '--kind', 'machine'), { mode: 0o600 })
    const people = this.calling(key)
    await until(`${calls} calls`, async () => (await this.search('kind:=access', calls)).length >= calls && (await this.search('who.email:=alice@shop.example', 1)).length > 0)
    await people.end()
    // All that was called is sealed and can be found. Each question is sealed, too.
    const meta = async () => (await this.api('/api/v1/search?query=kind:=access&limit=1')).json().meta
    const { sealed } = await meta()
    await until('the index', async () => (await meta()).indexed >= sealed)
  }

  /** Has a plain API called at a rate until the function that it returns is called. */
  flood(rate) {
    const child = spawn(process.execPath, [flooding, 'call', this.gateway, String(rate)], { stdio: 'inherit' })
    this.#children.push(child)
    return () => end(child)
  }

  #start(name, args, line) {
    const child = spawn(join(bin, name), args, { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', line)
    this.#children.push(child)
    return child
  }

  /** Starts the plain API of a flood, and returns where it is. */
  #plain() {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [flooding, 'serve'], { stdio: ['ignore', 'pipe', 'inherit'] })
      createInterface({ input: child.stdout }).once('line', resolve)
      child.once('error', reject)
      this.#children.push(child)
    })
  }

  /** Starts a verb of the shop, and returns the line of JSON with which it says that it is ready. */
  #ready(name, args) {
    return new Promise((resolve, reject) => {
      const child = this.#start(name, args, (line) => {
        try {
          resolve(JSON.parse(line))
        } catch {
          reject(new Error(`${name} ${args[0]}: ${line}`))
        }
      })
      child.once('error', reject)
      child.once('exit', (code) => reject(new Error(`${name} ${args[0]} ended with ${code}`)))
    })
  }

  async close() {
    await Promise.all(this.#children.map((child) => end(child)))
    for (const server of this.#servers) server.close()
    rmSync(this.#dir, { recursive: true, force: true })
  }
}

/** Ends a process: kindly, and after a while by force. */
export function end(child, signal = 'SIGTERM') {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve()
  return new Promise((resolve) => {
    const force = setTimeout(() => child.kill('SIGKILL'), 20_000)
    child.once('exit', () => {
      clearTimeout(force)
      resolve()
    })
    child.kill(signal)
  })
}
