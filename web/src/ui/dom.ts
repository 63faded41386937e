// Elements that are made and written without React, where there are many of
// them: the rows of lists.

/** An element with a class and what is in it. */
export function make<K extends keyof HTMLElementTagNameMap>(tag: K, name = '', ...inside: (Node | string)[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  if (name) element.className = name
  element.append(...inside)
  return element
}

/** A text that is written only where it changes. */
export class Words {
  readonly node = document.createTextNode('')
  private now = ''

  write(text: string): void {
    if (text === this.now) return
    this.now = text
    this.node.data = text
  }
}

/** An attribute of an element that is written only where it changes; undefined: it has none. */
export class Attribute {
  private now: string | undefined
  constructor(
    private readonly element: Element,
    private readonly name: string,
  ) {}

  write(value: string | undefined): void {
    if (value === this.now) return
    this.now = value
    if (value === undefined) this.element.removeAttribute(this.name)
    else this.element.setAttribute(this.name, value)
  }
}

/** A child of an element, at its end, that is there or not. */
export function there(parent: Element, child: Element, is: boolean): void {
  if (is === (child.parentNode === parent)) return
  if (is) parent.append(child)
  else child.remove()
}
