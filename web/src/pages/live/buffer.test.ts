import { describe, expect, it } from 'vitest'
import { StreamBuffer } from './buffer'

const plain = (value: number) => ({ value, plain: true, class: 0 })
const odd = (value: number) => ({ value, plain: false, class: 2 })

describe('StreamBuffer', () => {
  it('gives the newest first, and forgets the oldest', () => {
    const b = new StreamBuffer<number>({ capacity: 3 })
    for (const n of [1, 2, 3, 4]) b.push(plain(n), 0)
    expect(b.rows()).toEqual([4, 3, 2])
    expect(b.total).toBe(4)
  })

  it('keeps one in some of what is plain when there is much, and all that is not', () => {
    const b = new StreamBuffer<number>({ capacity: 10_000, readable: 10 })
    for (let n = 0; n < 50; n++) b.push(plain(n), 500)
    expect(b.size).toBe(50) // the first second has none before it
    b.push(plain(50), 1000)
    expect(b.every).toBe(5)
    const before = b.size
    for (let n = 0; n < 40; n++) b.push(plain(n), 1100)
    for (let n = 0; n < 7; n++) b.push(odd(n), 1200)
    expect(b.size - before).toBe(8 + 7)
    expect(b.total).toBe(98)
  })

  it('keeps all again when it is quiet', () => {
    const b = new StreamBuffer<number>({ readable: 10 })
    for (let n = 0; n < 50; n++) b.push(plain(n), 500)
    b.push(plain(1), 1500)
    b.push(plain(2), 2500)
    expect(b.every).toBe(1)
  })

  it('counts each second, also what it does not keep', () => {
    const b = new StreamBuffer<number>({ readable: 1, window: 3, classes: 3 })
    for (let n = 0; n < 10; n++) b.push(plain(n), 1000)
    for (let n = 0; n < 20; n++) b.push(plain(n), 2000)
    b.push(odd(1), 2500)
    expect(b.history(3000)).toEqual([[0, 0, 0], [10, 0, 0], [20, 0, 1]])
    expect(b.rate(3000)).toBeCloseTo(31 / 5)
  })

  it('is empty after clear', () => {
    const b = new StreamBuffer<number>()
    b.push(plain(1), 0)
    b.clear()
    expect(b.rows()).toEqual([])
    expect(b.total).toBe(0)
  })
})
