/** Paths kept, and the longest of them. */
const most = 1024
const longest = 256

/**
 * What paths were found to mean, by the path as sent: taking one apart costs as much as sending a small file does
 * otherwise. When there are too many it starts afresh.
 */
export class KnownPaths<T> {
  readonly #known = new Map<string, T>()

  get(path: string): T | undefined {
    return this.#known.get(path)
  }

  /** @param path {@link ownText a string of its own}; when it is too long nothing is kept. */
  set(path: string, meaning: T): void {
    if (path.length > longest) return
    if (this.#known.size >= most) this.#known.clear()
    this.#known.set(path, meaning)
  }

  clear(): void {
    this.#known.clear()
  }
}

/** A string of its own: a part of a longer one keeps all of it in memory. */
export function ownText(text: string): string {
  return Buffer.from(text).toString()
}
