// The pictures of docs/console.md. They are drawn anew with UPDATE=1 only.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const pictures = join(import.meta.dirname, '../../../docs/images/console')
const update = process.env.UPDATE === '1'

/** Takes the picture of a page for the documentation, as it is or as high as it needs to be. */
export async function picture(person, name, { most = 1100 } = {}) {
  if (!update) return
  const { page } = person
  const size = page.viewportSize()
  const height = await page.evaluate(() => {
    const main = document.querySelector('main')
    return Math.ceil(document.documentElement.clientHeight + main.scrollHeight - main.clientHeight)
  })
  await page.setViewportSize({ width: size.width, height: Math.max(size.height, Math.min(height, most)) })
  await page.mouse.move(0, 0)
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
  mkdirSync(pictures, { recursive: true })
  writeFileSync(join(pictures, `${name}.jpg`), await page.screenshot({ type: 'jpeg', quality: 65, animations: 'disabled', caret: 'hide' }))
  await page.setViewportSize(size)
}
