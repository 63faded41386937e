// Answers that come as JSON lines: progress, then the result.

/** Calls each with the objects of an answer, as they come. An error of each ends it. */
export async function readLines<T>(response: Response, each: (item: T) => void): Promise<void> {
  const reader = response.body?.getReader()
  if (!reader) return
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true })
      const lines = rest.split('\n')
      rest = lines.pop() ?? ''
      if (done && rest !== '') lines.push(rest)
      for (const line of lines) if (line.trim() !== '') each(JSON.parse(line) as T)
      if (done) return
    }
  } finally {
    void reader.cancel().catch(() => undefined)
  }
}
