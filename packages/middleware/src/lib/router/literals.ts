/** Number of lists over which paths are spread; a power of two. */
const lists = 256
/** Longer lists take more time than a `Map`. */
const longest = 8

interface Entry<T> {
  readonly path: string
  readonly meaning: T
  readonly next: Entry<T> | undefined
  /** Entries from this one to the end of the list. */
  readonly length: number
}

/**
 * Finds the routes without parameters by path. A `Map` has to read every character of a path that has just been received;
 * usually the length, a few characters and one comparison are enough, and take half the time.
 */
// decision 036
export class LiteralPaths<T> {
  readonly #all: Map<string, T> = new Map()
  /** Undefined once so many paths look alike that the `Map` is faster. */
  #lists: (Entry<T> | undefined)[] | undefined = Array.from({ length: lists }, () => undefined)

  get(path: string): T | undefined {
    if (this.#lists === undefined) return this.#all.get(path)
    for (let entry = this.#lists[listOf(path)]; entry !== undefined; entry = entry.next)
      if (entry.path === path) return entry.meaning
    return undefined
  }

  /** Sets the meaning of a path, replacing an earlier one. */
  set(path: string, meaning: T): void {
    this.#all.set(path, meaning)
    if (!this.#lists) return
    const list = listOf(path)
    const next = this.#lists[list]
    const length = next ? next.length + 1 : 1
    if (length > longest) this.#lists = undefined
    else this.#lists[list] = { path, meaning, next, length }
  }
}

function listOf(path: string): number {
  const { length } = path
  if (length < 2) return length
  const ending = path.charCodeAt(length - 1) * 7 + path.charCodeAt(length - 2) * 13
  return (length * 31 + ending + path.charCodeAt(length >> 1)) & (lists - 1)
}
