// What the machine did while something was measured on it.

import { execFileSync } from 'node:child_process'
import { cpus, loadavg, release } from 'node:os'

/** The machine, in a line. */
export function machine() {
  const list = cpus()
  const browser = execFileSync(process.env.CHROMIUM ?? 'chromium', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  return `${list[0]?.model ?? 'unknown'}, ${list.length} processors, Linux ${release()}; ${browser}`
}

/** How busy it is: the mean of the last minute. */
export function load() {
  return `load ${loadavg()[0].toFixed(1)} on ${cpus().length} processors`
}
