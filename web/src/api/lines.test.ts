import { expect, test } from 'vitest'
import { readLines } from './lines'

function answer(...pieces: Uint8Array[]): Response {
  return new Response(
    new ReadableStream({
      start(to) {
        pieces.forEach((piece) => to.enqueue(piece))
        to.close()
      },
    }),
  )
}

test('lines come whole, wherever they are cut', async () => {
  const bytes = new TextEncoder().encode('{"a":"é"}\n\n{"a":"b"}\n{"a":"c"}')
  for (let at = 0; at <= bytes.length; at++) {
    const got: unknown[] = []
    await readLines(answer(bytes.slice(0, at), bytes.slice(at)), (item) => got.push(item))
    expect(got).toEqual([{ a: 'é' }, { a: 'b' }, { a: 'c' }])
  }
})

test('an error ends it', async () => {
  await expect(
    readLines(answer(new TextEncoder().encode('{}\n{}\n')), () => {
      throw new Error('no')
    }),
  ).rejects.toThrow('no')
})
