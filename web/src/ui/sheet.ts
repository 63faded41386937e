// A list of very many rows of which only those in sight are drawn. As it is
// scrolled, the elements of rows that went out of sight are written anew for
// those that come: nothing is made, and nothing is measured.

import type { Listed } from '../api/listed'

/** The element of one row, which shows one record after another. */
export interface View<T> {
  readonly element: HTMLElement
  show: (row: T) => void
}

/** What a sheet tells of. */
export interface Told {
  /** How far it is scrolled, in pixels. */
  scrolled: (top: number) => void
  /** The last row but a few is drawn. */
  ended: () => void
}

interface Slot<T> {
  view: View<T>
  row: T | undefined
  /** Which place it has in the list; -1 while it has none. */
  place: number
  /** In pixels from the top of the holder. */
  top: number
  current: boolean
}

/** Places of a list that grows at its beginning count from a floor that rises now and then, so that they stay small. */
export const floorOf = (newest: number): number => newest - (newest % 5_000)

const beyond = 8 // rows that are drawn above and below what is in sight
const head = 28 // of the sticky heads of columns
const near = 20 // rows before the end
export const ahead = beyond + near // rows below those in sight without which more are asked for at once
const quiet = 150 // ms without scrolling after which it has come to rest

/**
 * Rows in a box that scrolls, all of one height. Each row has a place: its index
 * or, in a list to which rows are added at its beginning, how many came before
 * it. A row keeps its place and its element for as long as it is in sight.
 *
 * While it is scrolled the elements do not stand in the order of the rows, which
 * would cost more than all else: that is made good when it has come to rest,
 * and before the focus moves.
 */
export class Sheet<T> {
  private slots: Slot<T>[] = []
  private rows: Listed<T> = []
  private newest: number | undefined
  private current = -1
  private top: number // the first row in sight
  private fits: number
  private rest: ReturnType<typeof setTimeout> | undefined
  private whole = 0 // the frame with which all rows in sight are written, if those of the last one may not be; 0: they are
  private turn: 0 | 1 = 0 // which half of the rows is written, where it is one half
  private readonly resized: ResizeObserver

  constructor(
    private readonly box: HTMLElement,
    private readonly holder: HTMLElement,
    private readonly height: number,
    private readonly make: () => View<T>,
    private readonly tell: Told,
  ) {
    this.top = Math.floor(box.scrollTop / height)
    this.fits = Math.ceil(box.clientHeight / height)
    this.resized = new ResizeObserver(() => {
      this.fits = Math.ceil(box.clientHeight / height)
      this.draw(beyond)
      this.order()
    })
    this.resized.observe(box)
    box.addEventListener('scroll', this.scrolled, { passive: true })
    document.addEventListener('keydown', this.pressed, { capture: true })
  }

  /** Takes its elements away. */
  end(): void {
    this.resized.disconnect()
    clearTimeout(this.rest)
    cancelAnimationFrame(this.whole)
    this.box.removeEventListener('scroll', this.scrolled)
    document.removeEventListener('keydown', this.pressed, { capture: true })
    for (const { view } of this.slots) view.element.remove()
  }

  /** Sets what is listed; newest is as in [EntriesProps]. */
  set(rows: Listed<T>, newest: number | undefined, current: number): void {
    this.rows = rows
    this.newest = newest
    this.current = current
    // A row that is where it was keeps its element.
    for (const slot of this.slots) {
      const index = this.index(slot.place)
      if (slot.place >= 0 && (index < 0 || rows.at(index) !== slot.row)) this.drop(slot)
    }
    this.draw(beyond)
    this.order()
  }

  /** Brings a row into sight. */
  reveal(index: number): void {
    const { box, height } = this
    if (index * height < box.scrollTop) box.scrollTop = index * height
    else if ((index + 1) * height > box.scrollTop + box.clientHeight - head) box.scrollTop = (index + 1) * height - box.clientHeight + head
  }

  private readonly scrolled = (): void => {
    const at = this.box.scrollTop
    const top = Math.floor(at / this.height)
    const far = Math.abs(top - this.top)
    this.tell.scrolled(at)
    if (far === 0) return
    this.top = top
    // Of rows that rush by, those beyond what is in sight are never seen. Where
    // each frame has other rows than the one before, half of them are written
    // with each: nobody can read them, and all would take longer than a frame.
    const half = far >= this.fits && this.whole !== 0
    this.turn = this.turn === 0 ? 1 : 0
    this.draw(far > beyond ? 1 : beyond, half)
    cancelAnimationFrame(this.whole)
    this.whole = far < this.fits ? 0 : requestAnimationFrame(() => (this.whole = requestAnimationFrame(() => {
      this.whole = 0
      this.draw(1)
    })))
    clearTimeout(this.rest)
    this.rest = setTimeout(() => {
      this.draw(beyond)
      this.order()
    }, quiet)
  }

  private readonly pressed = ({ key }: KeyboardEvent): void => {
    if (key === 'Tab') this.order()
  }

  /** The rows that are drawn: from, to (exclusive). */
  private range(margin: number): [number, number] {
    const count = this.rows.length
    return [Math.max(0, Math.min(this.top, count) - margin), Math.min(count, this.top + this.fits + margin)]
  }

  private place(index: number): number {
    return this.newest === undefined ? index : this.newest - 1 - index
  }

  private index(place: number): number {
    return this.newest === undefined ? place : this.newest - 1 - place
  }

  /** In pixels from the top of the holder, which moves down from one floor to the next. */
  private offset(place: number): number {
    return (this.newest === undefined ? place : floorOf(this.newest) - 1 - place) * this.height
  }

  /** Half has the others of the rows in sight show what they showed before, at the places of this frame. */
  private draw(margin: number, half = false): void {
    const { rows, slots, holder } = this
    const [from, to] = this.range(margin)
    while (slots.length < this.fits + 2 * beyond + 1) slots.push({ view: this.make(), row: undefined, place: -1, top: -1, current: false })
    for (let index = from; index < to; index++) {
      const place = this.place(index)
      const at = place % slots.length
      const slot = slots[at]!
      const { element } = slot.view
      if (!half || slot.row === undefined || at % 2 === this.turn) this.write(slot, rows.at(index)!)
      slot.place = place
      if (element.parentNode !== holder) holder.append(element)
    }
    // What is drawn and out of sight stays, as it may be wanted again soon.
    for (const slot of slots) if (slot.place >= 0) this.stand(slot, this.index(slot.place))
    if (to >= rows.length - near) this.tell.ended()
  }

  private write(slot: Slot<T>, row: T): void {
    if (slot.row === row) return
    if (slot.view.element === document.activeElement) this.box.focus({ preventScroll: true })
    slot.view.show(row)
    slot.row = row
  }

  private stand(slot: Slot<T>, index: number): void {
    const { element } = slot.view
    const top = this.offset(slot.place)
    if (slot.top !== top) {
      slot.top = top
      element.style.top = `${top}px`
    }
    const current = index === this.current
    if (slot.current !== current) {
      slot.current = current
      element.classList.toggle('current', current)
      if (current) element.setAttribute('aria-current', 'true')
      else element.removeAttribute('aria-current')
    }
  }

  private drop(slot: Slot<T>): void {
    const { element } = slot.view
    if (element === document.activeElement) this.box.focus({ preventScroll: true })
    element.remove()
    slot.place = -1
    slot.row = undefined
  }

  /** Has the elements stand in the order of the rows, for those who go from one to the next, and none that is far from what is in sight. */
  private order(): void {
    const { holder } = this
    const [from, to] = this.range(beyond)
    for (const slot of this.slots) if (slot.place >= 0 && (this.index(slot.place) < from || this.index(slot.place) >= to)) this.drop(slot)
    const list = this.slots.filter((slot) => slot.place >= 0).sort((a, b) => (this.newest === undefined ? a.place - b.place : b.place - a.place))
    const elements = list.map((slot) => slot.view.element)
    const focused = elements.findIndex((element) => element === document.activeElement)
    if (focused < 0) {
      let at = holder.firstElementChild
      for (const element of elements) {
        if (element === at) at = at.nextElementSibling
        else holder.insertBefore(element, at)
      }
      return
    }
    // What has the focus would lose it if it were moved: the others go around it.
    if (elements.every((element, i) => element === holder.children[i])) return
    for (const [i, element] of elements.entries()) {
      if (i < focused) elements[focused]!.before(element)
      else if (i > focused) holder.append(element)
    }
  }
}
