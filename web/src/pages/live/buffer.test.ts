import { describe, expect, it } from 'vitest'
import { StreamBuffer } from './buffer'

describe('StreamBuffer', () => {
  it('gives the newest first, and forgets the oldest', () => {
    const b = new StreamBuffer<number>({ capacity: 3 })
    for (const n of [1, 2, 3, 4]) b.push(n)
    expect(b.rows()).toEqual([4, 3, 2])
    expect(b.size).toBe(3)
    expect(b.total).toBe(0)
  })

  it('counts each second, also what is no row', () => {
    const b = new StreamBuffer<number>({ window: 3, classes: 3 })
    b.count([10, 0, 0], 1000)
    b.count([15, 0, 0], 2000)
    b.count([5, 0, 1], 2500)
    expect(b.history(3000)).toEqual([[0, 0, 0], [10, 0, 0], [20, 0, 1]])
    expect(b.rate(3000)).toBeCloseTo(31 / 5)
    expect(b.total).toBe(31)
  })

  it('keeps no more seconds than its window', () => {
    const b = new StreamBuffer<number>({ window: 3 })
    for (let second = 0; second < 100; second++) b.count([1], second * 1000)
    expect(b.history(100_000)).toEqual([[1, 0, 0], [1, 0, 0], [1, 0, 0]])
    expect(b.rate(200_000)).toBe(0)
  })
})
