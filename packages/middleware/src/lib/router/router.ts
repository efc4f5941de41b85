import { type Context, type MaybePromise, type Result, printError } from '@spillway/core'
import { type Rules, type Settled, callback, choice, readOptions } from '@spillway/core/options'
import { atOnce } from '../layers/at-once.ts'
import { type Bound, bind } from '../contract/bind.ts'
import type { WriteOptions } from '../contract/give.ts'
import type { Contract } from '../contract/types.ts'
import { named } from '../layers/layer-trace.ts'
import type { AnyMiddleware } from '../layers/types.ts'
import type { Guard } from './guards.ts'
import { HostMap, hostName, hostOf } from './host.ts'
import { type AnyHandler, type ErrorHandler, Node } from './node.ts'
import { Place } from './place.ts'
import { type MountEnd, register } from './registry.ts'
import { asked, tellAsked } from './route-trace.ts'
import { RouteTable } from './table.ts'
import type { Explanation, RouteInfo, Router, RouterOptions, Routes } from './types.ts'

const rules: Rules<Settled<RouterOptions, 'trailingSlash'>> = {
  trailingSlash: choice(['ignore', 'redirect', 'strict'], 'ignore'),
  stringify: callback(),
  toJsonSchema: callback(),
}

/**
 * Makes a router: a tree of routes that is itself the handler answering with them.
 *
 * It answers by itself: HEAD from GET, OPTIONS with 204 and `Allow` (also `OPTIONS *`), 405 with `Allow` for a known
 * path and another method, 404 for an unknown path, 400 for a path that has no decoded form (RFC 9110 §9.3, §15.5).
 *
 * Paths are matched in their normal form: decoded once, dot segments resolved, an encoded slash never splitting a segment.
 * Where only some of them have layers in front, a path that another program could read as one behind more layers is answered 400.
 * Registering throws a TypeError for something another route already has; for a route outside a group with
 * middleware, or outside a mount with layers, that could answer for its paths, unless `bypass` allows it; for two routes that share paths
 * when neither is more specific; and for a pattern that is malformed or that no path could match.
 *
 * A router that is mounted somewhere declares what it needs: `router<{ user: User }, '/orgs/:org'>()` can be mounted only
 * where middleware has added `user`, below a prefix with the parameter `org`.
 */
export function router<Needs = {}, Base extends string = ''>(options: RouterOptions = {}): Router<Needs, Needs, Base> {
  const { trailingSlash, ...write } = readOptions(rules, options)
  const root = new Node('')
  const table = new RouteTable(root, trailingSlash)
  const hosts = new HostMap<RouteTable>()
  const told: ((guard: Guard) => void)[] = []
  table.onGuard((guard) => told.forEach((tell) => tell(guard)))
  const tableAt = (host: string): RouteTable => hosts.find(host) ?? table
  const dispatch = (c: Context, end?: MountEnd): MaybePromise<Result> =>
    hosts.size === 0 ? table.dispatch(c, end) : tableAt(hostOf(c)).dispatch(c, end)
  const handler = named('router', (c: Context, res?: unknown): MaybePromise<Result> => {
    if (typeof c.path !== 'string') return calledByOthers(res)
    if (asked.hasSubscribers) tellAsked(c, (method, path, host) => tableAt(host).explain(method, path, host))
    return dispatch(c)
  })
  const routes = (): RouteInfo[] => [
    ...table.list(),
    ...[...hosts.entries()].flatMap(([host, own]) => own.list().map((route) => ({ ...route, host }))),
  ]
  register(handler, {
    dispatch,
    list: routes,
    explain: (method, path, host, end) => tableAt(host).explain(method, path, host, end),
    front: (method, path, host, end) => tableAt(host).front(method, path, host, end),
    guards: () => [table, ...[...hosts.entries()].map(([, own]) => own)].flatMap(({ guards }) => guards),
    onGuard: (tell) => told.push(tell),
  })
  return Object.assign(handler, routesOf(table, root, write), {
    host(this: unknown, name: string, build: (routes: Routes<any, any>) => unknown): unknown {
      const node = new Node('', root)
      const own = new RouteTable(node, trailingSlash)
      own.onGuard((guard) => told.forEach((tell) => tell(guard)))
      hosts.add(name, own)
      atOnce<unknown>(build(routesOf(own, node, write) as unknown as Routes<any, any>), 'What adds routes')
      return this
    },
    routes,
    explain: (method: string, target: string): Explanation => {
      const host = hostName(target.startsWith('/') ? '' : target)
      const [path = '/'] = /^[^?#]*/.exec(target.replace(/^\w+:\/\/[^/?#]*/, ''))!
      return tableAt(host).explain(method, path || '/', host)
    },
  }) as unknown as Router<Needs, Needs, Base>
}

/** The methods of one node; each returns the object it was called on, so that calls can be chained. */
function routesOf(table: RouteTable, node: Node, write: WriteOptions): Record<string, unknown> {
  /** What is in front of a handler: nothing, layers, or a contract. */
  const frontOf = (front: unknown, handler: AnyHandler): Bound => {
    if (front === handler) return { layers: [], notes: [], handler }
    if (typeof front === 'function')
      throw new TypeError('Middleware for one route is a list, [first, second], in front of its handler')
    if (Array.isArray(front)) return { layers: front as AnyMiddleware[], notes: [], handler }
    return bind(front as Contract, handler, write)
  }
  const add = (methods: readonly string[], pattern: string, rest: unknown[], place: Place): void => {
    if (rest.length > 2)
      throw new TypeError(`${pattern}: middleware for one route is a list, [first, second], in front of its handler`)
    const own = frontOf(rest[0], handlerOf(pattern, rest[rest.length - 1]))
    const layers = [...node.layers(), ...middlewaresOf(pattern, own.layers)]
    for (const method of methods) table.add({ ...own, method, pattern: node.join(pattern), node, layers, place })
  }
  const adder = (method: string) =>
    function route(this: unknown, pattern: string, ...rest: unknown[]): unknown {
      add([method], pattern, rest, new Place(route))
      return this
    }
  const claim = (place: Place): void => {
    if (node.prefix !== '' && !node.owns) table.own(node, place)
  }
  return {
    use: function use(this: unknown, ...middlewares: AnyMiddleware[]): unknown {
      middlewaresOf('use', middlewares)
      const place = new Place(use)
      if (!node.isBypass) {
        claim(place)
        if (middlewares.length > 0 && !node.guards) table.guard(node, place)
      }
      node.use(middlewares)
      return this
    },
    get: adder('GET'),
    post: adder('POST'),
    put: adder('PUT'),
    patch: adder('PATCH'),
    delete: adder('DELETE'),
    head: adder('HEAD'),
    options: adder('OPTIONS'),
    all: adder(''),
    on: function on(this: unknown, methods: string | readonly string[], pattern: string, ...rest: unknown[]): unknown {
      add([methods].flat(), pattern, rest, new Place(on))
      return this
    },
    group(prefix: string, build: (routes: Routes<any, any>) => unknown): unknown {
      const child = new Node(node.join(prefix), node)
      atOnce<unknown>(build(routesOf(table, child, write) as unknown as Routes<any, any>), 'What adds routes')
      return this
    },
    bypass(prefixes: string | readonly string[], build: (routes: Routes<any, any>) => unknown): unknown {
      const passed = [prefixes].flat().map((prefix) => node.join(prefix))
      const child = new Node(node.prefix, node, passed)
      atOnce<unknown>(build(routesOf(table, child, write) as unknown as Routes<any, any>), 'What adds routes')
      return this
    },
    mount: function mount(this: unknown, prefix: string, target: unknown): unknown {
      const handler = handlerOf(prefix, target)
      table.mount(new Node(node.join(prefix), node), handler, new Place(mount))
      return this
    },
    notFound: function notFound(this: unknown, handler: AnyHandler): unknown {
      claim(new Place(notFound))
      node.missing = handlerOf('notFound', handler)
      return this
    },
    onError(this: unknown, handler: ErrorHandler): unknown {
      table.onError(node, handlerOf('onError', handler) as ErrorHandler)
      return this
    },
    routes: () => table.list(),
  }
}

/** @throws TypeError for something that is not a function; for a prefix, which other routers accept, the message says what to do. */
function middlewaresOf(where: string, middlewares: readonly unknown[]): readonly AnyMiddleware[] {
  for (const middleware of middlewares) {
    if (typeof middleware === 'function') continue
    const advice = typeof middleware === 'string' ? `: for the paths below ${middleware} use group() or mount()` : ''
    throw new TypeError(`${where}: a middleware is a function, not ${kindOf(middleware)}${advice}`)
  }
  return middlewares as AnyMiddleware[]
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : typeof value === 'string' ? `the text ${JSON.stringify(value)}` : typeof value
}

function handlerOf(where: string, handler: unknown): AnyHandler {
  if (typeof handler === 'function') return handler as AnyHandler
  const advice = handler === undefined ? ': does what it is imported from export that name?' : ''
  throw new TypeError(`The handler of ${where} is a function, not ${kindOf(handler)}${advice}`)
}

/**
 * A Node server, or a test client for one, has called the router with its own request and response. An error thrown
 * there would end the process, so it is sent as the reply.
 */
function calledByOthers(res: unknown): never {
  const error = new TypeError(
    'A router is called with a context: serve(router), testServer(router), or http.createServer(toNodeListener(router))',
  )
  const response = res as { statusCode: number; end(content: string): void } | undefined
  if (typeof response?.end !== 'function') throw error
  printError('router', error)
  response.statusCode = 500
  response.end(`${String(error)}\n`)
  return undefined as never
}
