// Server-sent events over fetch: so that a refusal is a problem with its
// reasons, which EventSource would hide.

import { ApiError, send, unreachable, type Params } from './client'
import type { Problem } from './model'

export interface Message {
  event: string
  data: string
}

/** Takes the bytes of a stream apart, wherever they are cut. */
export class MessageParser {
  private rest = ''
  private event = ''
  private data: string[] = []

  /** Adds text and returns the messages that are whole. */
  push(text: string): Message[] {
    const out: Message[] = []
    const lines = (this.rest + text).split('\n')
    this.rest = lines.pop() ?? ''
    for (const raw of lines) {
      const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw
      if (line === '') {
        if (this.data.length > 0) out.push({ event: this.event || 'message', data: this.data.join('\n') })
        this.event = ''
        this.data = []
        continue
      }
      const colon = line.indexOf(':')
      const field = colon < 0 ? line : line.slice(0, colon)
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
      if (field === 'event') this.event = value
      else if (field === 'data') this.data.push(value)
    }
    return out
  }
}

export interface Follower {
  message: (message: Message) => void
  /** The stream is open; it may be so more than once, after it broke off. */
  opened: () => void
  /** The stream broke off and is tried again in so many milliseconds; or, with 0, it is over. */
  broken: (error: unknown, again: number) => void
}

/** Follows a stream until the signal, and comes back when the connection breaks. */
export async function follow(path: string, params: () => Params, signal: AbortSignal, to: Follower): Promise<void> {
  for (let wait = 500; !signal.aborted; wait = Math.min(wait * 2, 10_000)) {
    try {
      const response = await send(path, { params: params(), signal })
      to.opened()
      wait = 500
      const parser = new MessageParser()
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        for (const message of parser.push(value)) {
          if (message.event === 'error') throw new ApiError(JSON.parse(message.data) as Problem)
          to.message(message)
        }
      }
      throw unreachable()
    } catch (error) {
      if (signal.aborted) return
      const known = error instanceof ApiError ? error : unreachable()
      const again = known.status === 0 || known.status === 429 || known.status >= 502 || known.code === 'cancelled' ? wait : 0
      to.broken(known, again)
      if (again === 0) return
      await new Promise((resolve) => setTimeout(resolve, again))
    }
  }
}
