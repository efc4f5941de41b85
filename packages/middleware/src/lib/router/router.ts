import type { Context } from '@spillway/core'
import type { AnyMiddleware } from '../types.ts'
import { Node } from './node.ts'
import { RouteTable } from './table.ts'
import type { Router, Routes } from './types.ts'

/**
 * Makes a router: a tree of routes that is itself the handler answering with them.
 *
 * What it answers on its own: HEAD from GET, OPTIONS with 204 and `Allow` (also `OPTIONS *`), 405 with `Allow` for a known
 * path and another method, 404 for an unknown path, 400 for a path that has no decoded form (RFC 9110 §9.3, §15.5).
 *
 * Paths are matched in their normal form: decoded once, dot segments resolved, an encoded slash never splitting a segment.
 * One slash at the end makes no difference. Registering throws a TypeError for a route that is there already, and an Error
 * for a pattern that makes no sense.
 */
export function router(): Router {
  const root = new Node('')
  const table = new RouteTable(root)
  return Object.assign((c: Context) => table.dispatch(c), routesOf(table, root)) as unknown as Router
}

/** The methods of one node; each returns the object it was called on, so that calls can be chained. */
function routesOf(table: RouteTable, node: Node): Record<string, unknown> {
  const adder = (...methods: string[]) =>
    function (this: unknown, pattern: string, ...rest: unknown[]): unknown {
      const handler = rest.pop() as (c: any) => never
      if (typeof handler !== 'function') throw new TypeError(`The handler of ${pattern} is no function`)
      const middlewares = (rest[0] ?? []) as AnyMiddleware[]
      for (const method of methods) table.add(method, node.join(pattern), node, middlewares, handler)
      return this
    }
  return {
    use(...middlewares: AnyMiddleware[]): unknown {
      if (node.prefix !== '' && !node.guarded) table.own(node)
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
    routes: () => table.list(),
  }
}
