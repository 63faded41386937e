// The pictures of docs/console.md. They are drawn anew with UPDATE=1 only, and
// none is drawn that the page does not show.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { phone } from './browser.js'

const pictures = join(import.meta.dirname, '../../../docs/images/console')
const update = process.env.UPDATE === '1'
const shown = readFileSync(join(pictures, '../../console.md'), 'utf8')

/**
 * Takes the picture of a page for the documentation, as it is or as high as it
 * needs to be; in the dark (name-dark) and on a phone (name-phone), too, if the page shows that.
 */
export async function picture(person, name, { most = 1100 } = {}) {
  if (!update) return
  await draw(person.page, name, most)
  const size = person.page.viewportSize()
  await person.page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' })
  await draw(person.page, `${name}-dark`, size.height)
  await person.page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
  await person.page.setViewportSize(phone)
  await draw(person.page, `${name}-phone`, phone.height)
  await person.page.setViewportSize(size)
}

async function draw(page, name, most) {
  if (!shown.includes(`images/console/${name}.jpg`)) return
  const size = page.viewportSize()
  const height = await page.evaluate(() => {
    const main = document.querySelector('main')
    return Math.ceil(document.documentElement.clientHeight + main.scrollHeight - main.clientHeight)
  })
  await page.setViewportSize({ width: size.width, height: Math.max(size.height, Math.min(height, most)) })
  await page.mouse.move(0, 0)
  // A chart follows the window a moment later.
  await page.waitForFunction(() => [...document.querySelectorAll('.chart')].every((box) => box.scrollWidth <= box.clientWidth))
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
  mkdirSync(pictures, { recursive: true })
  writeFileSync(join(pictures, `${name}.jpg`), await page.screenshot({ type: 'jpeg', quality: 62, animations: 'disabled', caret: 'hide' }))
  await page.setViewportSize(size)
}
