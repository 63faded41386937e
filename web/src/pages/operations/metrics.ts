// The text form of metrics, as far as /metrics writes it.

export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

export function parseMetrics(text: string): Sample[] {
  const out: Sample[] = []
  for (const line of text.split('\n')) {
    const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
    if (!found || line.startsWith('#')) continue
    const labels: Record<string, string> = {}
    for (const pair of (found[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) labels[pair[1]!] = pair[2]!.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c))
    out.push({ name: found[1]!, labels, value: Number(found[3]) })
  }
  return out
}

function fits(sample: Sample, name: string, labels: Record<string, string>): boolean {
  return sample.name === name && Object.entries(labels).every(([key, want]) => sample.labels[key] === want)
}

/** The sum of all samples of a name with these labels. */
export function total(samples: readonly Sample[], name: string, labels: Record<string, string> = {}): number {
  return samples.filter((sample) => fits(sample, name, labels)).reduce((sum, sample) => sum + sample.value, 0)
}

/** The value of a metric; undefined if there is none of the name. */
export function value(samples: readonly Sample[], name: string): number | undefined {
  return samples.find((sample) => sample.name === name)?.value
}

/** The growth of a counter in a second; undefined before two samples. A counter that fell began anew. */
export function rate(now: readonly Sample[], before: readonly Sample[] | undefined, seconds: number, name: string, labels: Record<string, string> = {}): number | undefined {
  if (!before || seconds <= 0) return undefined
  const a = total(before, name, labels)
  const b = total(now, name, labels)
  return (b < a ? b : b - a) / seconds
}
