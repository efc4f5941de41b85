/** Lists that paths are spread over; a power of two. */
const lists = 256

interface Entry<T> {
  readonly path: string
  readonly meaning: T
  readonly next: Entry<T> | undefined
}

/**
 * What the paths of routes without parameters mean. A `Map` would read every character of a path that has just come to find
 * its place, which takes twice as long as three of them and a comparison.
 */
export class LiteralPaths<T> {
  readonly #lists: (Entry<T> | undefined)[] = Array.from({ length: lists }, () => undefined)

  get(path: string): T | undefined {
    for (let entry = this.#lists[listOf(path)]; entry !== undefined; entry = entry.next)
      if (entry.path === path) return entry.meaning
    return undefined
  }

  /** What was set last for a path is what it means. */
  set(path: string, meaning: T): void {
    const list = listOf(path)
    this.#lists[list] = { path, meaning, next: this.#lists[list] }
  }
}

/** The length, the last character and one in the middle tell most paths apart. */
function listOf(path: string): number {
  const { length } = path
  if (length === 0) return 0
  return (length * 31 + path.charCodeAt(length - 1) * 7 + path.charCodeAt(length >> 1)) & (lists - 1)
}
