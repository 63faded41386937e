// Chromium, and a watch over what its pages do that they must not.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { patience } from './house.js'

export const desk = { width: 1280, height: 800 }
export const phone = { width: 390, height: 844 }

/** Starts Chromium; before other programs of the machine if it is measured. */
export function launch({ measured = false } = {}) {
  const path = measured ? join(import.meta.dirname, '../measure/chromium.sh') : (process.env.CHROMIUM ?? '/usr/bin/chromium')
  return chromium.launch({ executablePath: path, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}

/** A browser of one person, with a page that is watched. */
export class Person {
  /** What the page did that it must not: errors, requests elsewhere, dialogs, refusals by the policy. */
  faults = []
  /** Requests that were answered with an error, which a test may have wanted. */
  refused = []

  /** Others are origins beside the console's to which this person may be sent. */
  static async come(browser, house, options = {}, others = []) {
    const person = new Person()
    person.house = house
    person.others = others
    person.context = await browser.newContext({ viewport: desk, colorScheme: 'light', timezoneId: 'Europe/Berlin', locale: 'en-GB', reducedMotion: 'reduce', ...options })
    person.context.setDefaultTimeout(patience)
    person.page = await person.context.newPage()
    person.#watch(person.page)
    return person
  }

  #watch(page) {
    const hosts = [this.house.ops, ...this.others].map((url) => new URL(url).host)
    page.on('console', (message) => {
      const text = message.text()
      // The browser's own line about an answer that is no success: see refused.
      if (message.type() === 'error' && !text.startsWith('Failed to load resource')) this.faults.push(`console: ${text}`)
    })
    page.on('pageerror', (error) => this.faults.push(`script: ${error.message}`))
    page.on('dialog', (dialog) => {
      this.faults.push(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    page.on('popup', (popup) => this.faults.push(`window: ${popup.url()}`))
    page.on('request', (request) => {
      const url = new URL(request.url())
      if (url.protocol !== 'data:' && url.protocol !== 'blob:' && !hosts.includes(url.host)) this.faults.push(`request: ${request.url()}`)
      if (url.pathname === '/api/v1/csp-reports') this.faults.push(`policy: ${request.postData()}`)
    })
    page.on('response', (response) => {
      if (response.status() >= 400) this.refused.push(`${response.status()} ${response.request().method()} ${new URL(response.url()).pathname}`)
    })
  }

  /** Nothing happened that must not, and what was refused is only what the test wanted. */
  clean(...wanted) {
    assert.deepEqual(this.faults, [], 'the page did what it must not')
    assert.deepEqual(this.refused.filter((line) => !wanted.some((want) => want.test(line))), [], 'requests were refused')
  }

  /** Follows a link that signs in. */
  async signIn(link) {
    await this.page.goto(link)
    await this.page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await this.page.waitForURL((url) => url.pathname !== '/sign-in')
  }

  /** Goes to an address of the console, and waits until it is drawn. */
  async go(path) {
    await this.page.goto(this.house.ops + path)
    await this.drawn()
  }

  /** Follows a link of the navigation. */
  async nav(name) {
    await this.page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name }).click()
  }

  /** Waits until the page has its heading, and loads nothing any more. */
  async drawn() {
    await this.page.waitForFunction(() => document.querySelector('main h1') && !document.querySelector('[aria-busy=true]'))
    await this.page.evaluate(() => document.fonts.ready)
  }

  async leave() {
    await this.context.close()
  }
}
