import type { Context, MaybePromise, Reply, Result } from '@spillway/core'
import { addRoute, createRouter, findRoute, removeRoute, type RouterContext } from 'rou3'
import { chain } from '../compose.ts'
import { normalizePath } from '../path.ts'
import type { AnyMiddleware } from '../types.ts'
import type { Node } from './node.ts'
import { finishParams, type Pattern, readPattern } from './pattern.ts'
import type { RouteInfo } from './types.ts'

type AnyHandler = (c: any) => MaybePromise<Result>

interface Route {
  readonly pattern: Pattern
  readonly node: Node
  readonly run: AnyHandler
  /** Stands for the paths below a node that no route takes. */
  readonly missing: boolean
}

/** rou3's name for every method. */
const anyMethod = ''

/** Every route of a router, and the search among them. The search is rou3's, for routes and for guards alike. */
export class RouteTable {
  readonly #routes: RouterContext<Route> = createRouter()
  /** The paths of routes without parameters, by method. */
  readonly #literals: Map<string, Map<string, Route>> = new Map()
  readonly #listing: Map<string, RouteInfo> = new Map()

  readonly #root: Node

  constructor(root: Node) {
    this.#root = root
  }

  /** Makes a node answer for every path below it that no route takes, so that its middleware stands in front of them. */
  own(node: Node): void {
    const pattern = readPattern(node.below)
    const run = (c: Context): MaybePromise<Result> => this.#answerMissing(c, normalizePath(c.path), node)
    addRoute(this.#routes, anyMethod, pattern.source, { pattern, node, run, missing: true })
  }

  /** @throws TypeError when the method already has this pattern; Error when rou3 cannot make sense of it. */
  add(method: string, source: string, node: Node, middlewares: readonly AnyMiddleware[], handler: AnyHandler): void {
    const name = method === anyMethod ? '*' : method
    const key = `${method} ${source}`
    if (this.#listing.has(key)) throw new TypeError(`There already is a route ${name} ${source}`)
    const layers = [...node.layers(), ...middlewares]
    const run = layers.length === 0 ? handler : chain(layers, handler)
    const route: Route = { pattern: readPattern(source), node, run, missing: false }
    if (method === 'HEAD' && this.#listing.has(`GET ${source}`)) removeRoute(this.#routes, 'HEAD', source)
    this.#insert(method, route)
    if (method === 'GET' && !this.#listing.has(`HEAD ${source}`)) this.#insert('HEAD', route)
    this.#listing.set(key, { method: name, pattern: source })
  }

  list(): readonly RouteInfo[] {
    return [...this.#listing.values()]
  }

  /** Answers a request with the route that fits it best. */
  dispatch(c: Context): MaybePromise<Result> {
    const path = normalizePath(c.path)
    if (path === undefined) return this.#answerMissing(c, undefined, this.#root)
    const literal = this.#literals.get(c.method)?.get(path)
    if (literal) return literal.run(c)
    const found = findRoute(this.#routes, c.method, path)
    if (!found) return this.#answerMissing(c, path, this.#root)
    const { data: route, params } = found
    if (params || route.pattern.optional.length > 0) c.params = finishParams(params ?? {}, route.pattern, path)
    return route.run(c)
  }

  #insert(method: string, route: Route): void {
    addRoute(this.#routes, method, route.pattern.source, route)
    if (route.pattern.literal === undefined) return
    let paths = this.#literals.get(method)
    if (!paths) this.#literals.set(method, (paths = new Map()))
    paths.set(route.pattern.literal, route)
  }

  /**
   * Runs the middleware of a node around the reply that there is no such route. When the path is known to other methods,
   * it is their node that matters.
   */
  #answerMissing(c: Context, path: string | undefined, node: Node): MaybePromise<Result> {
    const known = path === undefined ? [] : this.#methodsOf(path)
    const layers = (known[0]?.route.node ?? node).layers()
    const methods = known.map(({ method }) => method)
    return chain(layers, (context: Context) => this.#missingReply(context, path, methods))(c)
  }

  #missingReply(c: Context, path: string | undefined, methods: readonly string[]): Reply {
    if (c.path === '*' && c.method === 'OPTIONS') return allowed(c, 204, this.#methods())
    if (path === undefined && c.path.startsWith('/')) return c.text('Bad Request', 400)
    if (methods.length === 0) return c.text('Not Found', 404)
    return allowed(c, c.method === 'OPTIONS' ? 204 : 405, methods)
  }

  #methodsOf(path: string): { method: string; route: Route }[] {
    return this.#methods().flatMap((method) => {
      const found = findRoute(this.#routes, method, path, { params: false })
      return found && !found.data.missing ? { method, route: found.data } : []
    })
  }

  /** Every method some route is for. */
  #methods(): string[] {
    const methods = new Set([...this.#listing.values()].map(({ method }) => method))
    methods.delete('*')
    if (methods.has('GET')) methods.add('HEAD')
    return [...methods]
  }
}

/** RFC 9110 §10.2.1, §15.5.6; OPTIONS is always allowed, for it is answered here. */
function allowed(c: Context, status: 204 | 405, methods: readonly string[]): Reply {
  const reply = status === 204 ? c.empty() : c.text('Method Not Allowed', 405)
  reply.headers.set('Allow', [...new Set([...methods, 'OPTIONS'])].join(', '))
  return reply
}
