// Stacked bars over time, drawn by uPlot, with a brush.

import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

export interface Bars {
  /** Seconds of a bar. */
  step: number
  /** Where the bars begin: seconds since 1970, evenly apart. */
  times: number[]
  /** A row of counts for each series. */
  rows: number[][]
  /** What was asked for, which may be wider: seconds since 1970. */
  from?: number
  to?: number
}

export interface BarOptions {
  names: readonly string[]
  /** Names of colours: good, warn, bad, info, neutral, accent. */
  tones: readonly string[]
  utc: boolean
  /** The brush was used: seconds since 1970. */
  onSelect?: (from: number, to: number) => void
  height?: number
}

/** Draws into a box until the function that it returns is called. */
export function drawBars(box: HTMLElement, bars: Bars, options: BarOptions): () => void {
  let plot: uPlot | undefined
  const draw = () => {
    plot?.destroy()
    plot = new uPlot(settings(box, bars, options), stacked(bars), box)
  }
  draw()
  let width = box.clientWidth
  const resized = new ResizeObserver(() => {
    if (box.clientWidth === width) return
    width = box.clientWidth
    plot?.setSize({ width, height: options.height ?? 112 })
  })
  resized.observe(box)
  const dark = window.matchMedia('(prefers-color-scheme: dark)')
  dark.addEventListener('change', draw)
  window.addEventListener('gatebook-theme', draw)
  return () => {
    resized.disconnect()
    dark.removeEventListener('change', draw)
    window.removeEventListener('gatebook-theme', draw)
    plot?.destroy()
  }
}

/** Each row with those before it added: the last is drawn first, the first on top of it. */
function stacked(bars: Bars): uPlot.AlignedData {
  const sums: number[][] = []
  for (const row of bars.rows) {
    const below = sums.at(-1)
    sums.push(row.map((n, i) => n + (below?.[i] ?? 0)))
  }
  return [bars.times, ...sums.reverse()]
}

function settings(box: HTMLElement, bars: Bars, options: BarOptions): uPlot.Options {
  const color = colors(box)
  const names = [...options.names].reverse()
  const tones = [...options.tones].reverse()
  const path = uPlot.paths.bars!({ size: [0.86, 60], align: 1, gap: 0 })
  const axis: uPlot.Axis = { stroke: color('muted'), grid: { stroke: color('line'), width: 1 }, ticks: { show: false }, font: '11px system-ui, sans-serif' }
  const start = Math.min(bars.from ?? Infinity, bars.times[0] ?? Infinity)
  const end = Math.max(bars.to ?? 0, (bars.times.at(-1) ?? 0) + bars.step)
  const result: uPlot.Options = {
    width: box.clientWidth || 300,
    height: options.height ?? 112,
    padding: [8, 26, 0, 0], // at the right is room for half of the last label
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
    scales: { x: { time: true, range: () => [start, end] }, y: { range: (_u, _min, max) => [0, Math.max(1, max * 1.06)] } },
    axes: [
      { ...axis, size: 24, space: 64, values: (_u, splits, _i, _space, step) => splits.map((at) => tick(at, step, options.utc)) },
      { ...axis, size: 44, values: (_u, splits) => splits.map(short), incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 1e8, 1e9], space: 28 },
    ],
    series: [{}, ...names.map((name, i) => ({ label: name, fill: color(tones[i] ?? 'neutral'), width: 0, paths: path, points: { show: false } }))],
    hooks: {
      setSelect: [
        (u) => {
          if (u.select.width < 4) return
          const from = u.posToVal(u.select.left, 'x')
          const to = u.posToVal(u.select.left + u.select.width, 'x')
          u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false)
          options.onSelect?.(Math.floor(from), Math.ceil(to))
        },
      ],
    },
  }
  if (options.utc) result.tzDate = (seconds) => uPlot.tzDate(new Date(seconds * 1e3), 'UTC')
  return result
}

/** Gives the colours of the theme as a canvas wants them. */
function colors(box: HTMLElement): (name: string) => string {
  const probe = document.createElement('span')
  box.append(probe)
  const found = new Map<string, string>()
  return (name) => {
    let value = found.get(name)
    if (!value) {
      if (!probe.isConnected) box.append(probe)
      probe.style.color = `var(--${name})`
      value = getComputedStyle(probe).color
      probe.remove()
      found.set(name, value)
    }
    return value
  }
}

const few = new Intl.NumberFormat('en', { notation: 'compact' })

/** 1.5K: a count that fits beside the bars. */
function short(n: number): string {
  return few.format(n)
}

/** The label of a tick: a time of day, and at midnight the day. */
export function tick(seconds: number, step: number, utc: boolean): string {
  const d = new Date(seconds * 1000)
  const two = (n: number) => String(n).padStart(2, '0')
  const [month, day, h, m, s] = utc ? [d.getUTCMonth(), d.getUTCDate(), d.getUTCHours(), d.getUTCMinutes(), d.getUTCSeconds()] : [d.getMonth(), d.getDate(), d.getHours(), d.getMinutes(), d.getSeconds()]
  if (step >= 86_400 || (h === 0 && m === 0 && s === 0)) return `${two(month + 1)}-${two(day)}`
  return step < 60 ? `${two(h)}:${two(m)}:${two(s)}` : `${two(h)}:${two(m)}`
}
