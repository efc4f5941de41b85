import type { Context, MaybePromise, Reply, Result } from '@spillway/core'
import { addRoute, createRouter, findAllRoutes, findRoute, removeRoute, type RouterContext } from 'rou3'
import { chain } from '../layers/compose.ts'
import { KnownPaths, ownText } from '../tools/known-paths.ts'
import { normalizePath } from '../http/path.ts'
import { notesOf } from '../layers/route-notes.ts'
import type { AnyMiddleware } from '../layers/types.ts'
import type { AnyHandler, Node } from './node.ts'
import { catchAllShape, finishParams, type Pattern, readPattern, shapeOf } from './pattern.ts'
import { LiteralPaths } from './literals.ts'
import type { RouteInfo, TrailingSlash } from './types.ts'

interface Route {
  readonly pattern: Pattern
  readonly node: Node
  readonly run: AnyHandler
  /** What `c.route` says: the pattern as it was registered, of a mount its prefix. */
  readonly title: string
  /** `missing` stands for the paths below a node that no route takes. */
  readonly kind: 'route' | 'mount' | 'missing'
}

/** A route as it was registered. */
interface Listed {
  readonly info: RouteInfo
  readonly node: Node
  /** Lists the routes of a mounted router. */
  readonly below: (() => readonly RouteInfo[] | undefined) | undefined
}

/** What a path was found to lead to. */
interface Match {
  readonly data: Route
  readonly params?: Record<string, string>
}

/** rou3's name for every method. */
const anyMethod = ''

/** Every route of a router, and the search among them. The search is rou3's, for routes and for guards alike. */
export class RouteTable {
  readonly #routes: RouterContext<Route> = createRouter()
  /** The paths of routes without parameters, by method. */
  readonly #gets: LiteralPaths<Route> = new LiteralPaths()
  readonly #literals: Map<string, LiteralPaths<Route>> = new Map([['GET', this.#gets]])
  /** Where GET of a path below a catch-all leads: what is asked for there is files as a rule, the same ones again and again. */
  readonly #known: KnownPaths<Match> = new KnownPaths()
  /** By method and shape: what takes the same requests is the same route. */
  readonly #listing: Map<string, Listed> = new Map()
  /** The groups and mounts that own every path below them, by the shape of the catch-all for these. */
  readonly #owners: Map<string, Node> = new Map()
  readonly #root: Node
  readonly #slashes: TrailingSlash

  constructor(root: Node, slashes: TrailingSlash) {
    this.#root = root
    this.#slashes = slashes
  }

  /**
   * Makes a node answer for every path below it that no route takes, so that its middleware stands in front of them.
   * @throws TypeError when a catch-all elsewhere takes them already.
   */
  own(node: Node): void {
    const shape = catchAllShape(node.below)!
    const owner = this.#owners.get(shape)
    // another group of that prefix, or a mount in this one
    if (owner && (owner.owns || owner.isWithin(node))) return
    this.#claim(shape, node)
    if (this.#listing.has(`${anyMethod} ${shape}`)) return
    this.#known.clear()
    const pattern = readPattern(node.below)
    const run = (c: Context): MaybePromise<Result> => this.#answerMissing(c, normalizePath(c.path), node)
    addRoute(this.#routes, anyMethod, pattern.source, { pattern, node, run, title: '', kind: 'missing' })
  }

  /**
   * @param at the node whose paths are handed on.
   * @param below lists the routes of what is mounted, or nothing when these are not known.
   * @throws TypeError when there is a mount already, or a catch-all that takes the same paths.
   */
  mount(at: Node, handler: AnyHandler, below: () => readonly RouteInfo[] | undefined): void {
    this.add(anyMethod, at.below, at, [], handler, below)
    this.#claim(catchAllShape(at.below)!, at)
  }

  /** @throws TypeError when the method already has this pattern; Error when rou3 cannot make sense of it. */
  add(
    method: string,
    source: string,
    node: Node,
    middlewares: readonly AnyMiddleware[],
    handler: AnyHandler,
    below?: () => readonly RouteInfo[] | undefined,
  ): void {
    const pattern = readPattern(source)
    const shape = shapeOf(source)
    const layers = [...node.layers(), ...middlewares]
    const notes = notesOf(layers)
    const info = {
      method: method === anyMethod ? '*' : method,
      pattern: source,
      ...(notes.length > 0 && { notes }),
    }
    this.#check(method, shape, info, node)
    this.#known.clear()
    const run = layers.length === 0 ? handler : chain(layers, handler)
    const title = below ? source.slice(0, -'/**'.length) : source
    const route: Route = { pattern, node, run, title, kind: below ? 'mount' : 'route' }
    const get = method === 'HEAD' ? this.#listing.get(`GET ${shape}`) : undefined
    if (get) removeRoute(this.#routes, 'HEAD', get.info.pattern)
    const owner = method === anyMethod ? this.#owners.get(shape) : undefined
    if (owner) removeRoute(this.#routes, anyMethod, owner.below)
    this.#insert(method, route)
    if (method === 'GET' && !this.#listing.has(`HEAD ${shape}`)) this.#insert('HEAD', route)
    this.#listing.set(`${method} ${shape}`, { info, node, below })
  }

  list(): readonly RouteInfo[] {
    return [...this.#listing.values()].flatMap(({ info, below }) => {
      const prefix = info.pattern.slice(0, -'/**'.length)
      return below?.()?.map((route) => ({ ...route, pattern: prefix + route.pattern })) ?? [info]
    })
  }

  /** Answers a request with the route that fits it best. */
  dispatch(c: Context): MaybePromise<Result> {
    const { method, path: raw } = c
    const literals = method === 'GET' ? this.#gets : this.#literals.get(method)
    // a pattern without parameters is a normal path, and so is what equals it
    const literal = literals?.get(raw)
    if (literal) return runLiteral(c, literal)
    const known = method === 'GET' ? this.#known.get(raw) : undefined
    if (known) return this.#run(c, raw, { data: known.data, params: { ...known.params } })
    const path = normalizePath(raw)
    if (path === undefined) return this.#answerMissing(c, undefined, this.#root)
    const same = path === raw ? undefined : literals?.get(path)
    if (same) return runLiteral(c, same)
    const found = findRoute(this.#routes, method, path)
    if (!found) return this.#answerMissing(c, path, this.#root)
    if (!this.#fits(found.data, path)) return this.#otherSlash(c, path, found.data)
    if (path === raw && method === 'GET' && found.data.pattern.tails.size > 0) this.#remember(path)
    return this.#run(c, path, found)
  }

  /** Found once more, so that nothing of what is kept is a part of the request. */
  #remember(path: string): void {
    const own = ownText(path)
    this.#known.set(own, findRoute(this.#routes, 'GET', own)!)
  }

  #run(c: Context, path: string, { data: route, params }: Match): MaybePromise<Result> {
    nameRoute(c, route)
    if (route.kind === 'mount') {
      // what the catch-all took is the path of the mounted
      if (!route.pattern.named) return route.run(c)
      delete params!['_']
      delete params!['0']
    }
    if (params || route.pattern.optional.length > 0) {
      const own = finishParams(params ?? {}, route.pattern, path)
      // below a mount, with those of its prefix
      c.params = c.base === '' ? own : { ...c.params, ...own }
    }
    return route.run(c)
  }

  /** @throws TypeError when a catch-all from outside of the node takes the paths below it. */
  #claim(shape: string, node: Node): void {
    for (const { info, node: other } of this.#listing.values())
      if (catchAllShape(info.pattern) === shape && !other.isWithin(node)) throw taken(node, info)
    this.#owners.set(shape, node)
  }

  #check(method: string, shape: string, info: RouteInfo, node: Node): void {
    const same = this.#listing.get(`${method} ${shape}`)
    if (same) throw new TypeError(`There already is a route ${name(same.info)}`)
    if (method !== anyMethod && !/^[!#$%&'*+\-.^`|~\w]+$/.test(method))
      throw new TypeError(`Not a method: ${JSON.stringify(method)}`)
    const owner = this.#owners.get(catchAllShape(info.pattern) ?? '')
    if (owner && !node.isWithin(owner)) throw taken(owner, info)
  }

  #insert(method: string, route: Route): void {
    const { source, literal, slash } = route.pattern
    addRoute(this.#routes, method, source, route)
    if (literal === undefined || (slash && this.#slashes !== 'ignore')) return
    let paths = this.#literals.get(method)
    if (!paths) this.#literals.set(method, (paths = new LiteralPaths()))
    paths.set(literal, route)
  }

  /** Whether a path ends as a route means it to. */
  #fits({ pattern }: Route, path: string): boolean {
    return this.#slashes === 'ignore' || pattern.slash === undefined || pattern.slash === path.endsWith('/')
  }

  /** A route fits but for the slash at the end. */
  #otherSlash(c: Context, path: string, route: Route): MaybePromise<Result> {
    if (this.#slashes === 'redirect') {
      const location = c.base + (path.endsWith('/') ? path.slice(0, -1) : `${path}/`)
      // what begins with two slashes would lead to another host (RFC 3986 §4.2)
      const isSafe = !location.startsWith('//')
      return chain(route.node.layers(), (context: Context) =>
        isSafe ? context.redirect(location + context.search, 308) : context.text('Not Found', 404),
      )(c)
    }
    const next = findAllRoutes(this.#routes, c.method, path).findLast(({ data }) => this.#fits(data, path))
    return next ? this.#run(c, path, next) : this.#answerMissing(c, path, this.#root)
  }

  /**
   * Runs the middleware of a node around the reply that there is no such route. When the path is known to other methods,
   * it is their node that matters.
   */
  #answerMissing(c: Context, path: string | undefined, node: Node): MaybePromise<Result> {
    const known = path === undefined ? [] : this.#methodsOf(path)
    const at = known[0]?.route.node ?? node
    const methods = known.map(({ method }) => method)
    return chain(at.layers(), (context: Context) => this.#missingReply(context, path, methods, at))(c)
  }

  #missingReply(c: Context, path: string | undefined, methods: readonly string[], node: Node): MaybePromise<Result> {
    if (c.path === '*' && c.method === 'OPTIONS') return allowed(c, 204, this.#methods())
    if (path === undefined && c.path.startsWith('/')) return c.text('Bad Request', 400)
    if (methods.length === 0) return node.answerMissing(c)
    return allowed(c, c.method === 'OPTIONS' ? 204 : 405, methods)
  }

  #methodsOf(path: string): { method: string; route: Route }[] {
    return this.#methods().flatMap((method) => {
      const found = findRoute(this.#routes, method, path, { params: false })
      const isRoute =
        found && found.data.kind !== 'missing' && (this.#slashes !== 'strict' || this.#fits(found.data, path))
      return isRoute ? { method, route: found.data } : []
    })
  }

  /** Every method some route is for. */
  #methods(): string[] {
    const methods = new Set([...this.#listing.values()].map(({ info }) => info.method))
    methods.delete('*')
    if (methods.has('GET')) methods.add('HEAD')
    return [...methods]
  }
}

function runLiteral(c: Context, route: Route): MaybePromise<Result> {
  nameRoute(c, route)
  return route.run(c)
}

/** Below a mount, its prefix is there already. */
function nameRoute(c: Context, { title }: Route): void {
  c.route = c.base === '' ? title : c.route + title
}

function taken(owner: Node, info: RouteInfo): TypeError {
  return new TypeError(`The paths below ${owner.prefix || '/'} belong to a group or mount, not to ${name(info)}`)
}

function name({ method, pattern }: RouteInfo): string {
  return `${method} ${pattern}`
}

/** RFC 9110 §10.2.1, §15.5.6; OPTIONS is always allowed, for it is answered here. */
function allowed(c: Context, status: 204 | 405, methods: readonly string[]): Reply {
  const reply = status === 204 ? c.empty() : c.text('Method Not Allowed', 405)
  reply.headers.set('Allow', [...new Set([...methods, 'OPTIONS'])].join(', '))
  return reply
}
