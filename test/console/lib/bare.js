// Chromium with nothing that watches its scripts. What drives a page otherwise
// has its inspector keep where each script was called from: the console's first
// second is longer by a sixth then. Here the inspector is asked for nothing but
// numbers, over a pipe.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export class Bare {
  #dir = mkdtempSync(join(tmpdir(), 'gatebook-bare-'))
  #child
  #asked = new Map()
  #last = 0

  constructor() {
    const args = ['--headless=new', '--no-sandbox', '--disable-dev-shm-usage', '--no-first-run', '--remote-debugging-pipe', `--user-data-dir=${this.#dir}`, '--window-size=1280,800']
    this.#child = spawn(join(import.meta.dirname, '../measure/chromium.sh'), args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] })
    let rest = ''
    this.#child.stdio[4].setEncoding('utf8').on('data', (text) => {
      const messages = (rest + text).split('\0')
      rest = messages.pop()
      for (const message of messages) this.#answered(JSON.parse(message))
    })
  }

  #answered({ id, result, error }) {
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    if (error) asked?.reject(new Error(error.message))
    else asked?.resolve(result)
  }

  /** Sends a command to the browser, or to one of its pages. */
  send(method, params = {}, sessionId) {
    const id = ++this.#last
    this.#child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    return new Promise((resolve, reject) => this.#asked.set(id, { resolve, reject }))
  }

  /** Opens an empty page with an empty cache, with cookies of a server. Returns how to send it commands, and how to close it. */
  async page(url, cookies) {
    const { browserContextId } = await this.send('Target.createBrowserContext')
    await this.send('Storage.setCookies', { browserContextId, cookies: cookies.map(({ name, value }) => ({ name, value, url, httpOnly: true, sameSite: 'Strict' })) })
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank', browserContextId, width: 1280, height: 800 })
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true })
    return {
      send: (method, params) => this.send(method, params, sessionId),
      close: () => this.send('Target.disposeBrowserContext', { browserContextId }),
    }
  }

  async close() {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    await this.send('Browser.close').catch(() => this.#child.kill())
    await ended
    rmSync(this.#dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}
