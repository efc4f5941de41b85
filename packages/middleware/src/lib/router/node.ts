import type { AnyMiddleware } from '../types.ts'

/** A node of the tree of routes: a prefix, and the middleware that `use` has put there. */
export class Node {
  readonly prefix: string
  /** Matches every path at or below the prefix. */
  readonly below: string
  readonly #parent: Node | undefined
  readonly #own: AnyMiddleware[] = []

  /** @param prefix empty for the root. */
  constructor(prefix: string, parent?: Node) {
    this.prefix = prefix
    this.below = `${prefix.endsWith('/') ? prefix.slice(0, -1) : prefix}/**`
    this.#parent = parent
  }

  /** Whether middleware was put here, and not only further up. */
  get guarded(): boolean {
    return this.#own.length > 0
  }

  use(middlewares: readonly AnyMiddleware[]): void {
    this.#own.push(...middlewares)
  }

  /** The middleware so far, from the root down. */
  layers(): AnyMiddleware[] {
    return [...(this.#parent?.layers() ?? []), ...this.#own]
  }

  /** A pattern below this node, in full. @throws TypeError when it does not begin with a slash. */
  join(pattern: string): string {
    if (!pattern.startsWith('/')) throw new TypeError(`A pattern begins with a slash: ${JSON.stringify(pattern)}`)
    return this.prefix.endsWith('/') ? this.prefix + pattern.slice(1) : this.prefix + pattern
  }
}
