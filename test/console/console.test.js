// The console in real Chromium, before the sample shop: from an empty directory
// to a proof, who may see what, and what hostile callers and pages achieve.

import { after, before, describe } from 'node:test'
import { House } from './lib/house.js'
import { launch } from './lib/browser.js'
import { story } from './parts/story.js'
import { roles } from './parts/roles.js'
import { hostile } from './parts/hostile.js'
import { forgery } from './parts/forgery.js'
import { alerts } from './parts/alerts.js'
import { provider } from './parts/provider.js'
import { states } from './parts/states.js'
import { keyboard } from './parts/keyboard.js'
import { pages } from './parts/pages.js'
import { search } from './parts/search.js'
import { figures } from './parts/figures.js'
import { large } from './parts/large.js'

const world = { password: 'seven horses sleep beside the station' }

describe('the console', { timeout: 1_800_000 }, () => {
  before(async () => {
    world.house = await House.open()
    world.browser = await launch()
  })
  after(async () => {
    await world.browser?.close()
    await world.house?.close()
  })
  story(world)
  provider(world)
  alerts(world)
  roles(world)
  keyboard(world)
  search(world)
  forgery(world)
  pages(world)
  states(world)
  hostile(world)
  figures(world)
  large(world)
})
