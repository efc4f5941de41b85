// All routes in one list, including those of mounted routers.
import { notesOf } from '../layers/route-notes.ts'
import type { AnyMiddleware } from '../layers/types.ts'
import { comparePatterns, compareLanguages, compareVariants, overlap } from './compare.ts'
import { Neighbours } from './neighbours.ts'
import type { Node } from './node.ts'
import type { Pattern, Variant } from './pattern.ts'
import { placed } from './place.ts'
import type { Route } from './table.ts'
import type { RouteInfo } from './types.ts'

/** A group or mount that answers for all paths below its prefix. */
interface Owner {
  readonly node: Node
  readonly below: Pattern
}

/** The routes of a table in the order of their registration; no two of them may conflict. */
export class RouteList {
  readonly #routes: Route[] = []
  /** Routes without parameters, by method and path: most routes are of this kind, and no two of them share paths. */
  readonly #literals: Map<string, Route> = new Map()
  readonly #others: Neighbours<Route> = new Neighbours()
  readonly #owners: Owner[] = []

  get routes(): readonly Route[] {
    return this.#routes
  }

  add(route: Route): void {
    this.#routes.push(route)
    const { method, pattern } = route
    if (pattern.literal === undefined) this.#others.add(pattern.variants, route)
    else this.#literals.set(`${method} ${pattern.literal}`, route)
  }

  /** The route for the same method and paths. */
  get(method: string, pattern: Pattern): Route | undefined {
    if (pattern.literal !== undefined) return this.#literals.get(`${method} ${pattern.literal}`)
    for (const one of this.#others.of(pattern.variants))
      if (one.method === method && comparePatterns(one.pattern, pattern) === 0) return one
    return undefined
  }

  /**
   * @throws TypeError when such a route exists; when it takes everything that a group or mount answers for; or when it shares paths
   * with another, and neither is more specific.
   */
  check(route: Route): void {
    const same = this.get(route.method, route.pattern)
    if (same) throw new TypeError(`There already is a route ${placed(same.name, same.place)}`)
    for (const owner of this.#owners) checkOwner(owner, route)
    if (route.pattern.literal !== undefined) return
    for (const other of this.#others.of(route.pattern.variants)) {
      if (!shareMethods(route.method, other.method) || !isUndecided(route.pattern, other.pattern)) continue
      throw new TypeError(
        `${placed(route.name, route.place)} and ${placed(other.name, other.place)} match the same paths, and neither is ` +
          'more specific: constrain one of them further, or make one of both',
      )
    }
  }

  /** Makes a node answer for everything below it. @throws TypeError when a route elsewhere already takes all of that. */
  own(node: Node, below: Pattern): void {
    const owner = { node, below }
    for (const route of this.#routes) checkOwner(owner, route)
    this.#owners.push(owner)
  }

  /** All methods for which there is a route. */
  methods(): string[] {
    const methods = new Set(this.#routes.map(({ info }) => info.method))
    methods.delete('*')
    if (methods.has('GET')) methods.add('HEAD')
    return [...methods]
  }

  /** Lists the routes of mounted routers instead of the mounts. */
  infos(): RouteInfo[] {
    return this.#routes.flatMap(({ info, inner, layers }) =>
      inner?.router ? inner.router.list().map((route) => placedBelow(inner.prefix, route, layers)) : [info],
    )
  }
}

/** Turns the description of a route in a mounted router into that of the enclosing router. */
export function placedBelow<R extends RouteInfo>(prefix: string, route: R, layers: readonly AnyMiddleware[]): R {
  const all = [...namesOf(layers), ...(route.layers ?? [])]
  const notes = [...notesOf(layers), ...(route.notes ?? [])]
  const pattern = route.pattern === '/' ? prefix || '/' : prefix.replace(/\/$/, '') + route.pattern
  return { ...route, pattern, ...(notes.length > 0 && { notes }), ...(all.length > 0 && { layers: all }) }
}

export function namesOf(layers: readonly AnyMiddleware[]): string[] {
  return layers.map(({ name }) => name || 'anonymous')
}

function checkOwner({ node, below }: Owner, { pattern, name, node: other }: Route): void {
  if (other.isWithin(node) || !pattern.variants.some((variant) => isAllBelow(variant, below))) return
  if (other.bypassed().some((one) => comparePatterns(one, below) === 0)) return
  throw new TypeError(`The paths below ${node.prefix || '/'} belong to a group or mount, not to ${name}`)
}

/** Whether a pattern begins like the prefix and then matches everything. */
function isAllBelow({ head, tail, suffix }: Variant, { variants }: Pattern): boolean {
  if (!tail || suffix.length > 0) return false
  return variants.some(
    (one) =>
      one.head.length === head.length &&
      one.head.every(({ language }, i) => compareLanguages(language, head[i]!.language) === 0),
  )
}

function shareMethods(one: string, other: string): boolean {
  return one === other || one === '' || other === '' || (isRead(one) && isRead(other))
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

function isUndecided(one: Pattern, other: Pattern): boolean {
  return one.variants.some((a) =>
    other.variants.some((b) => {
      const order = compareVariants(a, b)
      if (order !== undefined && order !== 0) return order < 0 ? isShadow(one, a, other, b) : isShadow(other, b, one, a)
      return overlap(a, b) && (order === undefined || comparePatterns(one, other) === undefined)
    }),
  )
}

/**
 * Whether the first pattern, which is tried first because it begins more narrowly, matches everything that the second does: then the
 * second, although more specific, would never be tried. This is possible only with a catch-all, or with something optional.
 */
function isShadow(first: Pattern, a: Variant, second: Pattern, b: Variant): boolean {
  return (b.tail !== undefined || first.variants.length > 1) && overlap(a, b) && comparePatterns(first, second) === 1
}
