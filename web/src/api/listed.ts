// Long lists that are kept as the bytes of their answers. A hundred thousand
// records as objects are millions of objects, and as often as the browser
// collects garbage it goes through all of them: that takes longer than a frame
// may. Bytes it does not look into. A record is made of them when it is shown.

import type { Options } from './client'
import { send, unreadable } from './client'

/** A list whose items are had one by one. An array is one. */
export interface Listed<T> {
  readonly length: number
  at: (index: number) => T | undefined
}

const quote = 0x22
const backslash = 0x5c
const opens = (byte: number) => byte === 0x7b || byte === 0x5b
const closes = (byte: number) => byte === 0x7d || byte === 0x5d

/** Where the next string ends that begins before a place: the place of its closing quote. */
function endOfString(bytes: Uint8Array, at: number): number {
  for (;;) {
    const end = bytes.indexOf(quote, at)
    if (end < 0) return bytes.length
    let escapes = 0
    while (bytes[end - 1 - escapes] === backslash) escapes++
    if (escapes % 2 === 0) return end
    at = end + 1
  }
}

/** The items of one list of an answer, as bytes. */
export class Packed<T> implements Listed<T> {
  /** Bounds has where each item begins and ends. */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly bounds: Uint32Array,
  ) {}

  get length(): number {
    return this.bounds.length >> 1
  }

  at(index: number): T | undefined {
    const from = this.bounds[2 * index]
    return from === undefined ? undefined : (JSON.parse(decoder.decode(this.bytes.subarray(from, this.bounds[2 * index + 1]))) as T)
  }
}

const decoder = new TextDecoder()

/**
 * Takes an answer apart: what it has under a name, which is a list of objects,
 * and the rest, in which that list is empty. What is no JSON throws, here or
 * when the item is made.
 */
export function unpack<T>(bytes: Uint8Array, name: string): { list: Packed<T>; rest: unknown } {
  const key = new TextEncoder().encode(`"${name}":[`)
  const bounds: number[] = []
  let depth = 0
  let from = -1 // where the list begins, or 0 before it
  let to = -1
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (byte === quote) i = endOfString(bytes, i + 1)
    else if (opens(byte)) {
      if (depth === 1 && from < 0 && key.every((each, k) => bytes[i + 1 - key.length + k] === each)) from = i + 1
      if (depth === 2 && from >= 0 && to < 0) bounds.push(i)
      depth++
    } else if (closes(byte)) {
      depth--
      if (from < 0 || to >= 0) continue
      if (depth === 2) bounds.push(i + 1)
      else if (depth === 1) to = i
    }
  }
  const text = from < 0 ? decoder.decode(bytes) : decoder.decode(bytes.subarray(0, from)) + decoder.decode(bytes.subarray(to < 0 ? bytes.length : to))
  return { list: new Packed<T>(bytes, Uint32Array.from(bounds)), rest: JSON.parse(text) }
}

/** Sends a request, and returns its answer taken apart. */
export async function packed<T, Rest>(path: string, name: string, options: Options = {}): Promise<{ list: Packed<T>; rest: Rest }> {
  const response = await send(path, options)
  const bytes = new Uint8Array(await response.arrayBuffer())
  try {
    const { list, rest } = unpack<T>(bytes, name)
    return { list, rest: rest as Rest }
  } catch {
    throw unreadable(response.status)
  }
}

const lately = 512 // items that are kept as objects: many times what is in sight

/** Lists one after another. What was asked for lately is the same object when it is asked for again. */
export class Joined<T> implements Listed<T> {
  private readonly begins: number[] = []
  readonly length: number
  private made: (T | undefined)[] = []
  private places: number[] = []

  /** Before is the same list when it was shorter, whose items stay the same objects. */
  constructor(
    private readonly lists: readonly Listed<T>[],
    before?: Joined<T>,
  ) {
    let length = 0
    for (const list of lists) {
      this.begins.push(length)
      length += list.length
    }
    this.length = length
    if (before && before.lists.every((list, i) => list === lists[i])) {
      this.made = before.made
      this.places = before.places
    }
  }

  at(index: number): T | undefined {
    const slot = index % lately
    if (this.places[slot] !== index) {
      this.made[slot] = this.find(index)
      this.places[slot] = index
    }
    return this.made[slot]
  }

  private find(index: number): T | undefined {
    let low = 0
    let high = this.lists.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.begins[middle]! <= index) low = middle
      else high = middle - 1
    }
    return this.lists[low]?.at(index - (this.begins[low] ?? 0))
  }
}
