// The routes of one router, checked against each other as they are added.
import { type Context, type MaybePromise, type Reply, type Result, abortedIn, addErrorFields } from '@spillway/core'
import { asReply, chain, tellable, toReply, unwrap } from '../layers/compose.ts'
import { whenAnswered } from '../layers/reply-fields.ts'
import { KnownPaths, ownText } from '../tools/known-paths.ts'
import { normalizePath } from '../http/path.ts'
import { refused } from '../http/problem.ts'
import { isDoubtful, readingsOf } from '../http/readings.ts'
import { type RouteNote, notesOf } from '../layers/route-notes.ts'
import type { AnyMiddleware } from '../layers/types.ts'
import { type Guard, checkGuard } from './guards.ts'
import { hostOf } from './host.ts'
import { LiteralPaths } from './literals.ts'
import { mounted } from './mount.ts'
import { type AnyHandler, type ErrorHandler, type Node, belowOf } from './node.ts'
import { readHeadParams, readParams } from './params.ts'
import { type Pattern, readPattern, segmentCount } from './pattern.ts'
import type { Place } from './place.ts'
import { type KnownRouter, type MountEnd, routerOf } from './registry.ts'
import { RouteList, namesOf, placedBelow } from './route-list.ts'
import { type Found, RouteSearch, anyMethod, below } from './search.ts'
import { segmentsOf } from './tree.ts'
import type { ExplainedRoute, Explanation, RouteInfo, TrailingSlash } from './types.ts'

/** What a path can lead to. */
export interface Route {
  /** `GET /a/:b`, as it was registered. */
  readonly name: string
  readonly info: RouteInfo
  readonly pattern: Pattern
  /** Empty for all methods. */
  readonly method: string
  readonly node: Node
  readonly place: Place
  /** The layers in front of the handler. */
  readonly layers: readonly AnyMiddleware[]
  readonly run: AnyHandler
  /** The value of `c.route`: the pattern as it was registered; for a mount, its prefix. */
  readonly title: string
  /** `missing` stands for the paths below a node that no route takes. */
  readonly kind: 'route' | 'mount' | 'missing'
  readonly inner: Mounted | undefined
}

/** What is mounted, and how. */
export interface Mounted {
  readonly prefix: string
  /** How many segments the prefix takes. */
  readonly depth: number
  /** Undefined for a handler that is not a router. */
  readonly router: KnownRouter | undefined
}

/** A route to be added. */
export interface Added {
  /** Empty for all methods. */
  readonly method: string
  readonly pattern: string
  readonly node: Node
  readonly layers: readonly AnyMiddleware[]
  /** Notes in addition to those of its layers. */
  readonly notes: readonly RouteNote[]
  readonly handler: AnyHandler
  readonly place: Place
}

/** The result of matching a path. */
interface Match {
  readonly route: Route
  readonly params: Record<string, string>
}

/** Longer paths that can be read in several ways are refused where there are layers, because trying all readings takes long. */
const longestDoubtful = 2048

/** The routes of a router, and one search among them for both routes and guards. */
export class RouteTable {
  readonly #search: RouteSearch
  readonly #list: RouteList = new RouteList()
  /** The paths of routes without parameters, by method. */
  readonly #gets: LiteralPaths<Route> = new LiteralPaths()
  readonly #literals: Map<string, LiteralPaths<Route>> = new Map([['GET', this.#gets]])
  /** Results for GET of paths below a catch-all: these are usually files, and the same ones are requested again and again. */
  readonly #known: KnownPaths<Match> = new KnownPaths()
  readonly #guards: Guard[] = []
  readonly #told: ((guard: Guard) => void)[] = []
  readonly #root: Node
  readonly #slashes: TrailingSlash
  /** Whether there is any error handler. */
  #answersErrors: boolean = false
  /** Whether some paths have layers in front that others do not. */
  #layered: boolean = false

  constructor(root: Node, slashes: TrailingSlash) {
    this.#root = root
    this.#slashes = slashes
    this.#search = new RouteSearch(slashes)
  }

  get guards(): readonly Guard[] {
    return this.#guards
  }

  onGuard(told: (guard: Guard) => void): void {
    this.#told.push(told)
  }

  /**
   * Makes a node answer for every path below it that has no route, so that its middleware is in front of them.
   * @throws TypeError when a route elsewhere already takes them.
   */
  own(node: Node, place: Place): void {
    const pattern = readPattern(node.below)
    this.#list.own(node, pattern)
    this.#known.clear()
    // a catch-all or mount in this group already answers for all of it
    if (this.#list.get(anyMethod, pattern)) return
    const info = { method: '*', pattern: node.below }
    const run = (c: Context): MaybePromise<Result> => this.#answerMissing(c, normalizePath(c.path), node)
    const name = `group ${node.prefix}`
    const rest = { node, place, layers: [], run, title: '', inner: undefined }
    this.#search.add(anyMethod, pattern, { name, info, pattern, method: anyMethod, kind: 'missing', ...rest })
  }

  /** Makes the layers of a node a guard. @throws TypeError when a route elsewhere would get around it. */
  guard(node: Node, place: Place): void {
    const covers = readPattern(node.below)
    this.#guard({ name: `group ${node.prefix || '/'}`, prefix: node.prefix, place, node, covers, entry: covers })
  }

  /**
   * Passes the paths of a node on to another handler.
   * @throws TypeError when there is a mount already, or a route elsewhere takes paths that it guards.
   */
  mount(at: Node, handler: AnyHandler, place: Place): void {
    const { layers, handler: inner } = unwrap(handler)
    const router = routerOf(inner)
    const run = mounted(at.prefix || '/', handler, this.#slashes)
    const route = this.#routeOf(
      { method: anyMethod, pattern: at.below, node: at, layers: at.layers(), notes: [], handler: run, place },
      layers,
      { prefix: at.prefix, depth: segmentCount(at.prefix || '/'), router },
    )
    this.#insert(route)
    this.#list.own(at, route.pattern)
    const name = `mount ${at.prefix || '/'}`
    const entry = route.pattern
    if (layers.length > 0) this.#guard({ name, prefix: at.prefix, place, node: at, covers: entry, entry })
    const told = (guard: Guard): void => {
      const prefix = at.prefix.replace(/\/$/, '') + guard.prefix.replace(/\/$/, '')
      const covers = readPattern(belowOf(prefix))
      this.#guard({ ...guard, name: `${guard.name} in the ${name}`, prefix, node: at, covers, entry })
    }
    for (const guard of router?.guards() ?? []) told(guard)
    router?.onGuard(told)
  }

  /** @throws TypeError when the route takes what another has, or gets around a guard; or when its pattern is malformed. */
  add(added: Added): void {
    this.#insert(this.#routeOf(added, unwrap(added.handler).layers))
  }

  list(): readonly RouteInfo[] {
    return this.#list.infos()
  }

  /** Sets the error handler for everything below a node. */
  onError(node: Node, handler: ErrorHandler): void {
    node.failed = handler
    this.#answersErrors = true
  }

  /** Answers a request with the route that matches it best. */
  dispatch(c: Context, end?: MountEnd): MaybePromise<Result> {
    return this.#answersErrors ? this.#answerErrors(c, end) : this.#answer(c, end)
  }

  /** Apart from `dispatch`, because the variables of a method with closures are allocated on every call. */
  #answerErrors(c: Context, end: MountEnd | undefined): MaybePromise<Result> {
    return whenAnswered(
      c,
      () => toReply(this.#answer(c, end)),
      (reply) => reply,
      (error) => this.#failed(c, error, end),
    )
  }

  // decision 058
  /** @throws the error itself when no handler answers it, or the exchange was cut: then there is nobody to answer. */
  async #failed(c: Context, error: unknown, end: MountEnd | undefined): Promise<Reply> {
    if (abortedIn(error)) throw error
    const path = normalizePath(c.path)
    const found = path === undefined ? undefined : this.#search.find(c.method, path, end)
    const other = found || path === undefined ? undefined : this.#methodsOf(path, end)[0]
    const node = found?.value.node ?? other?.route.node ?? this.#root
    for (const handler of node.errorHandlers()) {
      const result = await handler(error, c)
      if (result !== undefined) return addErrorFields(c, asReply(result))
    }
    throw error
  }

  #answer(c: Context, end?: MountEnd): MaybePromise<Result> {
    const { method, path: raw } = c
    const literals = method === 'GET' ? this.#gets : this.#literals.get(method)
    if (end === undefined) {
      // a pattern without parameters is a path in normal form, and so is any path that equals it
      const literal = literals?.get(raw)
      if (literal) return runLiteral(c, literal)
      const known = method === 'GET' ? this.#known.get(raw) : undefined
      if (known) return runRoute(c, known.route, { ...known.params })
    }
    const path = normalizePath(raw)
    if (path === undefined || (this.#layered && isDoubtful(raw) && this.#isAmbiguous(method, raw, path, hostOf(c))))
      return this.#answerMissing(c, undefined, this.#root)
    const same = path === raw ? undefined : literals?.get(path)
    if (same) return runLiteral(c, same)
    const segments = segmentsOf(path)
    const found = this.#search.find(method, path, end, segments)
    if (!found) return this.#answerMissing(c, path, this.#root, end)
    const route = found.value
    if (this.#search.isOtherForm(found, path, end)) return redirected(c, path, route)
    const params = paramsOf(found, segments)
    if (found.variant.tail && path === raw && method === 'GET' && route.kind !== 'missing') this.#remember(path)
    return runRoute(c, route, params)
  }

  explain(method: string, raw: string, host: string, end?: MountEnd): Explanation {
    const path = normalizePath(raw)
    if (path === undefined) return { path, routes: [], status: 400, layers: namesOf(this.#root.layers()) }
    if (this.#isAmbiguous(method, raw, path, host))
      return { path, routes: [], status: 400, layers: namesOf(this.#root.layers()) }
    const all = this.#search.all(method, path, end)
    const routes = all.flatMap(({ value }) => this.#explained(value, method, path, host))
    const layers = namesOf(this.front(method, path, host, end))
    const status = this.#statusOf(all[0], method, path, host, end)
    return { path, routes, layers, ...(status !== undefined && { status }) }
  }

  #explained(
    { kind, inner, info, place, layers }: Route,
    method: string,
    path: string,
    host: string,
  ): ExplainedRoute[] {
    if (kind === 'missing') return []
    if (!inner?.router) return [{ ...info, at: place.text }]
    const rest = below(path, inner, this.#slashes)
    const { routes } = inner.router.explain(method, rest.path, host, rest.end)
    return routes.map((route) => placedBelow(inner.prefix, route, layers))
  }

  /** The status of the router's own reply; undefined when a route answers. */
  #statusOf(
    found: Found | undefined,
    method: string,
    path: string,
    host: string,
    end: MountEnd | undefined,
  ): number | undefined {
    if (!found || found.value.kind === 'missing') {
      if (this.#methodsOf(path, end).length === 0) return 404
      return method === 'OPTIONS' ? 204 : 405
    }
    if (this.#search.isOtherForm(found, path, end)) return 308
    const { inner } = found.value
    if (!inner?.router) return undefined
    const rest = below(path, inner, this.#slashes)
    return inner.router.explain(method, rest.path, host, rest.end).status
  }

  /** The layers in front of whatever answers a path in normal form. */
  front(method: string, path: string, host: string, end?: MountEnd): readonly AnyMiddleware[] {
    const found = this.#search.find(method, path, end)
    if (!found || found.value.kind === 'missing')
      return (this.#methodsOf(path, end)[0]?.route.node ?? found?.value.node ?? this.#root).layers()
    const { layers, inner } = found.value
    if (!inner?.router) return layers
    const rest = below(path, inner, this.#slashes)
    return [...layers, ...inner.router.front(method, rest.path, host, rest.end)]
  }

  /** Searches again, with a copy of the path, so that nothing that is kept holds on to the request. */
  #remember(path: string): void {
    const own = ownText(path)
    const segments = segmentsOf(own)
    const found = this.#search.find('GET', own, undefined, segments)!
    this.#known.set(own, { route: found.value, params: paramsOf(found, segments) })
  }

  /**
   * Whether a path has another plausible reading that would be behind layers which the path itself does not pass here: a server
   * that it is passed on to may read it that way.
   */
  #isAmbiguous(method: string, raw: string, path: string, host: string): boolean {
    if (!this.#layered || !isDoubtful(raw)) return false
    if (raw.length > longestDoubtful) return true
    const own = new Set(this.front(method, path, host))
    const isWithin = (reading: string): boolean => this.front(method, reading, host).every((layer) => own.has(layer))
    return ![...readingsOf(raw)].every(isWithin)
  }

  /** @param within the layers of the handler itself. */
  #routeOf(
    { method, pattern: source, node, layers, notes: own, handler, place }: Added,
    within: readonly AnyMiddleware[],
    inner?: Mounted,
  ): Route {
    if (method !== anyMethod && !/^[!#$%&'*+\-.^`|~\w]+$/.test(method))
      throw new TypeError(`Not a method: ${JSON.stringify(method)}`)
    const pattern = readPattern(source)
    const all = [...layers, ...within]
    const notes = [...notesOf(all), ...own]
    const info = {
      method: method === anyMethod ? '*' : method,
      pattern: source,
      ...(notes.length > 0 && { notes }),
      ...(all.length > 0 && { layers: namesOf(all) }),
    }
    return {
      name: `${info.method} ${source}`,
      info,
      pattern,
      method,
      node,
      place,
      layers: all,
      run: layers.length > 0 ? chain(layers, handler) : inner ? handler : tellable(handler),
      title: inner ? source.slice(0, -'/**'.length) : source,
      kind: inner ? 'mount' : 'route',
      inner,
    }
  }

  /** @throws TypeError when such a route exists, or it gets around a guard. */
  #insert(route: Route): void {
    for (const guard of this.#guards) checkGuard(guard, route)
    this.#list.check(route)
    const { method, pattern } = route
    this.#known.clear()
    this.#layered ||= route.layers.length > 0 || route.inner?.router !== undefined
    const get = method === 'HEAD' ? this.#list.get('GET', pattern) : undefined
    if (get) this.#search.remove('HEAD', get.pattern)
    this.#enter(method, route)
    if (method === 'GET' && !this.#list.get('HEAD', pattern)) this.#enter('HEAD', route)
    this.#list.add(route)
  }

  #enter(method: string, route: Route): void {
    const { literal, variants } = route.pattern
    this.#search.add(method, route.pattern, route)
    if (literal === undefined || isDoubtful(literal) || (variants[0]!.slash && this.#slashes !== 'ignore')) return
    let paths = this.#literals.get(method)
    if (!paths) this.#literals.set(method, (paths = new LiteralPaths()))
    paths.set(literal, route)
  }

  #guard(guard: Guard): void {
    for (const route of this.#list.routes) checkGuard(guard, route)
    this.#layered = true
    this.#guards.push(guard)
    for (const told of this.#told) told(guard)
  }

  /**
   * Runs the middleware of a node around the reply that there is no such route. If the path is known for other methods,
   * the node of those routes is used.
   */
  #answerMissing(c: Context, path: string | undefined, node: Node, end?: MountEnd): MaybePromise<Result> {
    const known = path === undefined ? [] : this.#methodsOf(path, end)
    const at = known[0]?.route.node ?? node
    const methods = known.map(({ method }) => method)
    return chain(at.layers(), (context: Context) => this.#missingReply(context, path, methods, at))(c)
  }

  #missingReply(c: Context, path: string | undefined, methods: readonly string[], node: Node): MaybePromise<Result> {
    if (c.path === '*' && c.method === 'OPTIONS') return allowed(c, 204, this.#list.methods())
    if (path === undefined && c.path.startsWith('/')) return refused(400)
    if (methods.length === 0) return node.answerMissing(c)
    return allowed(c, c.method === 'OPTIONS' ? 204 : 405, methods)
  }

  #methodsOf(path: string, end: MountEnd | undefined): { method: string; route: Route }[] {
    const segments = segmentsOf(path)
    return this.#list.methods().flatMap((method) => {
      const found = this.#search.find(method, path, end, segments)
      return found && found.value.kind !== 'missing' ? { method, route: found.value } : []
    })
  }
}

function runRoute(c: Context, route: Route, params: Record<string, string>): MaybePromise<Result> {
  nameRoute(c, route)
  // below a mount, together with those of its prefix
  c.params = c.base === '' ? params : { ...c.params, ...params }
  return route.run(c)
}

function runLiteral(c: Context, route: Route): MaybePromise<Result> {
  nameRoute(c, route)
  return route.run(c)
}

/** Below a mount, the prefix is already in the name; its root adds nothing to that. */
function nameRoute(c: Context, { title }: Route): void {
  c.route = c.base === '' ? title : title === '/' ? c.route : c.route + title
}

/** The part that a mount's catch-all matched is not a parameter, but the path of the mounted handler. */
function paramsOf({ pattern, variant, value }: Found, segments: readonly string[]): Record<string, string> {
  return value.kind === 'mount' ? readHeadParams(variant, segments) : readParams(pattern, variant, segments)
}

/** A route matches except for the slash at the end. */
function redirected(c: Context, path: string, route: Route): MaybePromise<Result> {
  const location = c.base + (path.endsWith('/') ? path.slice(0, -1) : `${path}/`)
  // a location that begins with two slashes would lead to another host (RFC 3986 §4.2)
  const isSafe = !location.startsWith('//')
  return chain(route.node.layers(), (context: Context) =>
    isSafe ? context.redirect(location + context.search, 308) : refused(404),
  )(c)
}

/** RFC 9110 §10.2.1, §15.5.6. OPTIONS is always allowed, because it is answered here. */
function allowed(c: Context, status: 204 | 405, methods: readonly string[]): Reply {
  const reply = status === 204 ? c.empty() : refused(405)
  reply.headers.set('Allow', [...new Set([...methods, 'OPTIONS'])].join(', '))
  return reply
}
