import { statSync } from 'node:fs'
import type { Handler } from '@spillway/core'
import { type AnyMiddleware, type Middleware, wrap } from '@spillway/middleware'
import { client } from '@spillway/middleware/client'
import { compression } from '@spillway/middleware/compression'
import { ip } from '@spillway/middleware/ip'
import { logger } from '@spillway/middleware/logger'
import { proxy } from '@spillway/middleware/proxy'
import { rateLimit } from '@spillway/middleware/rate-limit'
import { router } from '@spillway/middleware/router'
import { secureHeaders } from '@spillway/middleware/secure-headers'
import { staticFiles } from '@spillway/middleware/static'
import { type Config, ConfigError, type RouteConfig } from './config.ts'
import type { Groups } from './groups.ts'

/**
 * One handler from a configuration: what is in front of every route, and the routes, of which the longest path that fits
 * answers.
 * @param observe sees every request first.
 * @throws ConfigError when something in it cannot be used.
 */
export function buildHandler(config: Config, groups: Groups, observe: Middleware): Handler {
  const routes = router()
  for (const [i, route] of config.routes.entries()) {
    const at = `routes[${i}]`
    const layers = check(at, () => guards(route))
    const handler = check(at, () => target(route, config, groups))
    const guarded = wrap(layers, handler)
    const keepsPath = route.proxy !== undefined && !route.strip && route.path !== '/'
    routes.mount(route.path, keepsPath ? unmounted(guarded) : guarded)
  }
  const outer: AnyMiddleware[] = [observe]
  if (config.log !== 'none') outer.unshift(logger({ format: config.log }))
  if (config.trusted) outer.unshift(check('trusted', () => identity(config.trusted!)))
  return wrap(outer, routes)
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
function guards({ allow, deny, rateLimit: limit, bodyBytes }: RouteConfig): AnyMiddleware[] {
  const layers: AnyMiddleware[] = []
  if (allow || deny) layers.push(ip({ ...(allow && { allow }), ...(deny && { deny }) }))
  if (limit) {
    const { window, burst } = limit
    layers.push(rateLimit({ limit: limit.limit, ...(window && { window }), ...(burst && { burst }) }))
  }
  if (bodyBytes !== undefined)
    layers.push((c, next) => {
      c.body.limit = bodyBytes
      return next()
    })
  return layers
}

function target(route: RouteConfig, config: Config, groups: Groups): Handler {
  if (route.proxy !== undefined) {
    const to = proxy(groups.get(route.proxy), route.host === undefined ? {} : { host: route.host })
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

/** The mount's prefix put back: the server behind sees the path as the client said it. */
function unmounted(handler: Handler): Handler {
  return (c) => {
    const { path, base } = c
    c.path = path === '/' && base !== '' && !c.target.replace(/[?#].*/, '').endsWith('/') ? base : `${base}${path}`
    c.base = ''
    return handler(c)
  }
}
