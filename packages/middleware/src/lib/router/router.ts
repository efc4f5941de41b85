import type { Context } from '@spillway/core'
import type { AnyMiddleware } from '../layers/types.ts'
import { HostMap } from './host.ts'
import { mounted } from './mount.ts'
import { type AnyHandler, Node } from './node.ts'
import { RouteTable } from './table.ts'
import type { Router, RouterOptions, Routes } from './types.ts'

/**
 * Makes a router: a tree of routes that is itself the handler answering with them.
 *
 * What it answers on its own: HEAD from GET, OPTIONS with 204 and `Allow` (also `OPTIONS *`), 405 with `Allow` for a known
 * path and another method, 404 for an unknown path, 400 for a path that has no decoded form (RFC 9110 §9.3, §15.5).
 *
 * Paths are matched in their normal form: decoded once, dot segments resolved, an encoded slash never splitting a segment.
 * Registering throws a TypeError for what can never answer: a route whose method and paths another one has already, a
 * catch-all that would take the paths of a group with middleware; and an Error for a pattern that makes no sense.
 *
 * A router that is mounted somewhere names what it needs: `router<{ user: User }, '/orgs/:org'>()` can be mounted only
 * where middleware has added `user`, below a prefix with the parameter `org`.
 */
export function router<Needs = {}, Base extends string = ''>(options: RouterOptions = {}): Router<Needs, Needs, Base> {
  const { trailingSlash = 'ignore' } = options
  const root = new Node('')
  const table = new RouteTable(root, trailingSlash)
  const hosts = new HostMap<RouteTable>()
  const dispatch = (c: Context): ReturnType<RouteTable['dispatch']> =>
    hosts.size === 0 ? table.dispatch(c) : (hosts.find(c) ?? table).dispatch(c)
  return Object.assign(dispatch, routesOf(table, root), {
    host(this: unknown, name: string, build: (routes: Routes<any, any>) => unknown): unknown {
      const node = new Node('', root)
      const own = new RouteTable(node, trailingSlash)
      hosts.add(name, own)
      build(routesOf(own, node) as unknown as Routes<any, any>)
      return this
    },
    routes: () => [
      ...table.list(),
      ...[...hosts.entries()].flatMap(([host, own]) => own.list().map((route) => ({ ...route, host }))),
    ],
  }) as unknown as Router<Needs, Needs, Base>
}

/** The methods of one node; each returns the object it was called on, so that calls can be chained. */
function routesOf(table: RouteTable, node: Node): Record<string, unknown> {
  const adder = (...methods: string[]) =>
    function (this: unknown, pattern: string, ...rest: unknown[]): unknown {
      const handler = handlerOf(pattern, rest.pop())
      const middlewares = (rest[0] ?? []) as AnyMiddleware[]
      for (const method of methods) table.add(method, node.join(pattern), node, middlewares, handler)
      return this
    }
  const claim = (): void => {
    if (node.prefix !== '' && !node.owns) table.own(node)
  }
  return {
    use(...middlewares: AnyMiddleware[]): unknown {
      claim()
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
    on(methods: string | readonly string[], pattern: string, ...rest: unknown[]): unknown {
      return adder(...[methods].flat()).call(this, pattern, ...rest)
    },
    group(prefix: string, build: (routes: Routes<any, any>) => unknown): unknown {
      const child = new Node(node.join(prefix), node)
      build(routesOf(table, child) as unknown as Routes<any, any>)
      return this
    },
    mount(prefix: string, target: unknown): unknown {
      const handler = handlerOf(prefix, target)
      const at = new Node(node.join(prefix), node)
      const { routes } = handler as Partial<Router>
      table.mount(at, mounted(at.prefix, handler), () => routes?.())
      return this
    },
    notFound(handler: AnyHandler): unknown {
      claim()
      node.missing = handlerOf('notFound', handler)
      return this
    },
    routes: () => table.list(),
  }
}

function handlerOf(where: string, handler: unknown): AnyHandler {
  if (typeof handler !== 'function') throw new TypeError(`The handler of ${where} is no function`)
  return handler as AnyHandler
}
