// Counts the frames of a page, and what kept it from drawing them.

/** One frame of a screen of 60 Hz, in ms. */
const frame = 1000 / 60

/**
 * Watches a page for some seconds. Each callback of an animation frame is one
 * frame that could be drawn; a gap of n frames between two of them is n - 1
 * frames that were not. Work of more than 50 ms in one go is a long task.
 */
export async function frames(page, seconds, during) {
  const before = await memory(page)
  await page.evaluate(() => {
    const seen = { at: [], tasks: [], on: true }
    const watch = new PerformanceObserver((list) => seen.tasks.push(...list.getEntries().map((entry) => entry.duration)))
    watch.observe({ entryTypes: ['longtask'] })
    const step = (at) => {
      seen.at.push(at)
      if (seen.on) requestAnimationFrame(step)
      else watch.disconnect()
    }
    requestAnimationFrame(step)
    window.__seen = seen
  })
  const end = Date.now() + seconds * 1000
  if (during) await during(end)
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, end - Date.now())))
  const { at, tasks } = await page.evaluate(() => {
    const seen = window.__seen
    seen.on = false
    delete window.__seen
    return { at: seen.at, tasks: seen.tasks }
  })
  const after = await memory(page)
  const passed = after.stamp - before.stamp
  const share = (name) => (1000 * (after[name] - before[name])) / passed
  return { ...summary(at, tasks), work: { script: share('script'), style: share('style'), layout: share('layout'), thread: share('thread'), process: share('process') } }
}

/** What the times of frames say. */
export function summary(at, tasks) {
  const gaps = at.slice(1).map((time, i) => time - at[i])
  const dropped = gaps.reduce((sum, gap) => sum + Math.max(0, Math.round(gap / frame) - 1), 0)
  const sorted = [...gaps].sort((a, b) => a - b)
  return {
    frames: at.length,
    dropped,
    due: at.length + dropped,
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    longest: sorted.at(-1) ?? 0,
    tasks: tasks.length,
    longestTask: Math.max(0, ...tasks),
  }
}

/** The same in a line. */
export function say(s) {
  const share = ((100 * s.dropped) / Math.max(1, s.due)).toFixed(2)
  return `${s.dropped} of ${s.due} frames dropped (${share} %), 99 % within ${s.p99.toFixed(0)} ms, longest ${s.longest.toFixed(0)} ms; ${s.tasks} tasks over 50 ms, longest ${s.longestTask.toFixed(0)} ms`
}

/** What a page worked, in ms of a processor's time for each second that passed: other programs that run meanwhile do not count. */
export function sayWork({ script, style, layout, thread, process }) {
  const ms = (x) => x.toFixed(0)
  return `in each second its thread works ${ms(thread)} ms (script ${ms(script)}, style ${ms(style)}, layout ${ms(layout)}, paint and the rest ${ms(thread - script - style - layout)}), its process ${ms(process)} ms`
}

const sessions = new WeakMap()

/** Bytes of the page's live objects, after garbage is collected; its nodes; seconds that its thread and its process worked, as the processor counts them. */
export async function memory(page) {
  let session = sessions.get(page)
  if (!session) {
    session = await page.context().newCDPSession(page)
    await session.send('Performance.enable', { timeDomain: 'threadTicks' })
    sessions.set(page, session)
  }
  await session.send('HeapProfiler.collectGarbage')
  const { metrics } = await session.send('Performance.getMetrics')
  const value = (name) => metrics.find((metric) => metric.name === name)?.value ?? 0
  return {
    heap: value('JSHeapUsedSize'),
    nodes: value('Nodes'),
    script: value('ScriptDuration'),
    style: value('RecalcStyleDuration'),
    layout: value('LayoutDuration'),
    thread: value('ThreadTime'),
    process: value('ProcessTime'),
    stamp: performance.now() / 1000,
  }
}

/** Whole mebibytes. */
export const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`
