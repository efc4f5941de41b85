/** How many paths are kept, and how long they may be. */
const most = 1024
const longest = 256

// decision 038
/**
 * The results of parsing paths, by the path as sent: parsing one costs as much as sending a small file. When there are too many,
 * all are forgotten.
 */
export class KnownPaths<T> {
  readonly #known = new Map<string, T>()

  get(path: string): T | undefined {
    return this.#known.get(path)
  }

  /** @param path {@link ownText a copy}; nothing is kept for one that is too long. */
  set(path: string, meaning: T): void {
    if (path.length > longest) return
    if (this.#known.size >= most) this.#known.clear()
    this.#known.set(path, meaning)
  }

  clear(): void {
    this.#known.clear()
  }
}

/** A copy of a string: a substring would keep the whole string it comes from in memory. */
export function ownText(text: string): string {
  return Buffer.from(text).toString()
}
