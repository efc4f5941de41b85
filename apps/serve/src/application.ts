import type { Handler } from '@spillway/core'
import { type Middleware, wrap } from '@spillway/middleware'
import { basicAuth, sameText } from '@spillway/middleware/auth'
import { compression } from '@spillway/middleware/compression'
import { cors } from '@spillway/middleware/cors'
import { logger } from '@spillway/middleware/logger'
import { router } from '@spillway/middleware/router'
import { staticFiles } from '@spillway/middleware/static'
import { LiveReload } from './live-reload.ts'
import type { Proxied, Settings } from './options.ts'

/** The application that a folder and its settings make, and how to let go of what it holds. */
export interface Application {
  readonly handler: Handler
  readonly close: () => void
}

/** @param color whether the access log is coloured. */
export async function application(settings: Settings, color: boolean): Promise<Application> {
  const live = settings.live ? new LiveReload(settings.folder) : undefined
  const layers: Middleware<any, any>[] = []
  if (settings.log !== 'none') layers.push(logger({ format: settings.log, color }))
  if (settings.headers.length > 0) layers.push(addFields(settings.headers))
  // Everybody may read everything, parts and what is known of it, too.
  if (settings.cors) layers.push(cors({ origins: '*', allowHeaders: ['*', 'Authorization'], exposeHeaders: ['*'] }))
  if (settings.auth) layers.push(guard(settings.auth))
  if (live) layers.push(live.middleware)
  layers.push(compression())
  const files = staticFiles(settings.folder, {
    cleanUrls: true,
    listing: settings.listing,
    precompressed: true,
    notFound: '404.html',
    ...(settings.spa && { fallback: 'index.html' }),
    // While somebody writes, what was saved is what is shown.
    ...(live ? { cacheControl: 'no-store', recheckAfter: 0 } : { compress: true, immutable: true }),
  })
  const inner = settings.proxies.length > 0 ? await behindProxies(settings.proxies, files) : files
  return { handler: wrap(layers, inner), close: () => live?.close() }
}

/** Loaded only when it is asked for. */
async function behindProxies(proxies: readonly Proxied[], files: Handler): Promise<Handler> {
  const { proxy, upstreams } = await import('@spillway/middleware/proxy')
  const routes = router().notFound(files)
  for (const { prefix, url } of proxies)
    routes.mount(prefix, wrap([anySize], proxy(upstreams([url]), { host: isNamed(url) ? 'upstream' : 'client' })))
  return routes
}

/** How much may be sent is for the server to say. */
const anySize: Middleware = (c, next) => {
  c.body.limit = Infinity
  return next()
}

/**
 * A server with a name of its own, perhaps one of many at its address, is asked by it. One of this machine or network is asked as the
 * page was, so that it takes the page for its own.
 */
function isNamed(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol !== 'unix:' && hostname !== 'localhost' && !/^[\d.]+$|^\[/.test(hostname)
}

function addFields(fields: Settings['headers']): Middleware {
  return async (c, next) => {
    for (const [name, value] of fields) c.errorHeaders.set(name, value)
    const reply = await next()
    for (const [name, value] of fields) reply.headers.set(name, value)
    return reply
  }
}

function guard({ name, password }: NonNullable<Settings['auth']>): Middleware<{ user: string }> {
  return basicAuth({
    realm: 'files',
    // Both are compared, so that a wrong name takes as long as a wrong password.
    verify: (n, p) => (Number(sameText(n, name)) & Number(sameText(p, password)) ? n : undefined),
  })
}
