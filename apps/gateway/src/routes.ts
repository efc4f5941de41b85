import { statSync } from 'node:fs'
import type { Context, Handler, FieldsInit } from '@spillway/core'
import { type AnyMiddleware, type Middleware, wrap } from '@spillway/middleware'
import { cache } from '@spillway/middleware/cache'
import { client } from '@spillway/middleware/client'
import { compression } from '@spillway/middleware/compression'
import { ip } from '@spillway/middleware/ip'
import { logger } from '@spillway/middleware/logger'
import { proxy } from '@spillway/middleware/proxy'
import { rateLimit } from '@spillway/middleware/rate-limit'
import { requestId } from '@spillway/middleware/request-id'
import { router } from '@spillway/middleware/router'
import { secureHeaders } from '@spillway/middleware/secure-headers'
import { staticFiles } from '@spillway/middleware/static'
import { type Config, ConfigError, type RouteConfig } from './config.ts'
import { given } from './given.ts'
import type { Groups } from './groups.ts'

/** The routes of one configuration. */
export interface Routes {
  readonly handler: Handler
  /** What stands in front of each route, by its configuration. */
  readonly guards: Guards
}

type Guards = ReadonlyMap<string, readonly AnyMiddleware[]>

/**
 * One handler from a configuration: what is in front of every route, and the routes, of which the longest path that fits
 * answers.
 * @param observers see every request first.
 * @param before whose quotas and caches are taken over by routes that have not changed.
 * @throws ConfigError when something in it cannot be used.
 */
export function buildRoutes(config: Config, groups: Groups, observers: readonly Middleware[], before?: Guards): Routes {
  const table = router()
  const kept = new Map<string, readonly AnyMiddleware[]>()
  const paths = config.routes.map(({ path }) => path)
  for (const [i, route] of config.routes.entries()) {
    const key = JSON.stringify(route)
    const layers = before?.get(key) ?? check(`routes[${i}]`, () => guards(route))
    kept.set(key, layers)
    const handler = check(`routes[${i}]`, () => target(route, config, groups))
    // That the longest path answers, without the layers of shorter ones, is what the configuration says.
    table.bypass(paths, (routes) => {
      if (route.proxy === undefined || route.strip) routes.mount(route.path, wrap(layers, handler))
      else routes.all(`${route.path === '/' ? '' : route.path}/**`, [...layers], handler)
    })
  }
  const outer: AnyMiddleware[] = [...observers]
  if (config.trusted) outer.push(check('trusted', () => identity(config.trusted!)))
  if (config.requestId) outer.push(requestId())
  if (config.log !== 'none') outer.push(logger({ format: config.log }))
  return { handler: wrap(outer, table), guards: kept }
}

/** What a part of the configuration makes, or where the trouble is. */
function check<T>(at: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    throw new ConfigError(`${at}: ${(error as Error).message}`)
  }
}

function identity({ addresses, fields }: NonNullable<Config['trusted']>): AnyMiddleware {
  const xForwarded = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'] as const
  return client({ trusted: addresses, fields: fields === 'forwarded' ? fields : xForwarded })
}

/** What stands in front of one route. */
function guards({ allow, deny, rateLimit: limit, bodyBytes, cache: caching }: RouteConfig): AnyMiddleware[] {
  const layers: AnyMiddleware[] = [ownRules()]
  if (allow || deny) layers.push(ip({ ...(allow && { allow }), ...(deny && { deny }) }))
  if (limit) {
    const { windowSeconds, burst } = limit
    layers.push(rateLimit({ limit: limit.limit, ...(windowSeconds && { windowSeconds }), ...(burst && { burst }) }))
  }
  if (bodyBytes !== undefined)
    layers.push((c, next) => {
      c.body.limit = bodyBytes
      return next()
    })
  if (caching) layers.push(cache(caching === true ? {} : given(caching)))
  return layers
}

/**
 * Stands for what else a route is, its servers for example, so that a path that could be read as one of another route is
 * refused even if neither has layers that limit anything.
 */
function ownRules(): Middleware {
  return (_, next) => next()
}

function target(route: RouteConfig, config: Config, groups: Groups): Handler {
  if (route.proxy !== undefined) {
    const options = { host: route.host, passOn: route.passOn, headers: config.requestId ? nameOf : undefined }
    const to = proxy(groups.get(route.proxy), given(options))
    return config.compression ? wrap([compression()], to) : to
  }
  const folder = route.files!
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new Error(`files: there is no folder ${folder}`)
  const files = staticFiles(folder, {
    precompressed: true,
    immutable: true,
    ...(route.fallback !== undefined && { fallback: route.fallback }),
  })
  const layers: AnyMiddleware[] = [secureHeaders({ csp: false })]
  if (config.compression) layers.push(compression())
  return wrap(layers, (c) => {
    if (c.method === 'GET' || c.method === 'HEAD') return files(c)
    return c.text('Method not allowed', { status: 405, headers: { Allow: 'GET, HEAD' } })
  })
}

/** What `requestId` has found, for the logs of the servers. */
function nameOf(c: Context<any, any>): FieldsInit {
  return { 'X-Request-Id': (c.state as { requestId: string }).requestId }
}
