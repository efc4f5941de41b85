// Finding the route of a request.
import type { Pattern, Variant } from './pattern.ts'
import type { MountEnd } from './registry.ts'
import type { Mounted, Route } from './table.ts'
import { type Entry, PatternTree, segmentsOf } from './tree.ts'
import type { TrailingSlash } from './types.ts'

export type Found = Entry<Route>

/** The name of every method. */
export const anyMethod = ''

/** The search among the routes of a table; it knows what a slash at the end of a path means there. */
export class RouteSearch {
  readonly #tree: PatternTree<Route> = new PatternTree()
  readonly #slashes: TrailingSlash

  constructor(slashes: TrailingSlash) {
    this.#slashes = slashes
  }

  add(method: string, pattern: Pattern, route: Route): void {
    this.#tree.add(method, pattern, route)
  }

  remove(method: string, pattern: Pattern): void {
    this.#tree.remove(method, pattern)
  }

  /**
   * The most specific route that matches a path in normal form. With `redirect` it may match the path's other form:
   * {@link isOtherForm}.
   */
  find(
    method: string,
    path: string,
    end: MountEnd | undefined,
    segments: readonly string[] = segmentsOf(path),
  ): Found | undefined {
    const isStrict = this.#slashesAt(end) === 'strict'
    return this.#tree.find(
      segments,
      (entry) =>
        (entry.method === method || entry.method === anyMethod) && (!isStrict || fits(entry.variant, path, end)),
    )
  }

  /** Every route that matches a path, the most specific first. */
  all(method: string, path: string, end: MountEnd | undefined): Found[] {
    const isStrict = this.#slashesAt(end) === 'strict'
    const all: Found[] = []
    this.#tree.find(segmentsOf(path), (entry) => {
      const takes = entry.method === method || entry.method === anyMethod
      if (takes && (!isStrict || fits(entry.variant, path, end))) all.push(entry)
      return false
    })
    return all
  }

  /** Whether a path has to be redirected to its other form, with or without the slash. */
  isOtherForm({ variant }: Found, path: string, end: MountEnd | undefined): boolean {
    return this.#slashesAt(end) === 'redirect' && !fits(variant, path, end)
  }

  /** At the root of a mount, the enclosing router's option counts as well. */
  #slashesAt(end: MountEnd | undefined): TrailingSlash {
    return end === undefined || end.slashes === 'ignore' ? this.#slashes : end.slashes
  }
}

/** Whether a path ends as its pattern demands. Below a mount, the root is the prefix, which has no slash. */
function fits({ slash, head, tail }: Variant, path: string, end: MountEnd | undefined): boolean {
  if (end && head.length === 0 && !tail) return !end.slash
  return slash === undefined || slash === path.endsWith('/')
}

/** A path in normal form, as the mounted router sees it. */
export function below(
  path: string,
  { depth }: Mounted,
  slashes: TrailingSlash,
): { path: string; end: MountEnd | undefined } {
  const rest = path.split('/').slice(depth + 1)
  const end = depth > 0 && rest.join('') === '' && rest.length < 2 ? { slash: rest.length > 0, slashes } : undefined
  return { path: `/${rest.join('/')}`, end }
}
