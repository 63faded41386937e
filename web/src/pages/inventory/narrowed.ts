/** What the parts of the inventory are narrowed to. */
export interface Narrowed {
  /** Part of an id. */
  text: string
  api: string
}
