// Makes the application that serves a folder, from the settings.
import { type Context, type Handler, dropSource } from '@spillway/core'
import { type Middleware, wrap } from '@spillway/middleware'
import { basicAuth, sameText } from '@spillway/middleware/auth'
import { compression } from '@spillway/middleware/compression'
import { cors } from '@spillway/middleware/cors'
import { html } from '@spillway/middleware/html'
import { logger } from '@spillway/middleware/logger'
import { router } from '@spillway/middleware/router'
import { staticFiles } from '@spillway/middleware/static'
import { LiveReload } from './live-reload.ts'
import type { Proxied, Settings } from './options.ts'

/** The application for a folder and its settings, and how to release its resources. */
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
  // Other origins may read everything: ranges and all fields, too.
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
    // With --live, a page must always be the file as it was last saved.
    ...(live ? { cacheControl: 'no-store', recheckAfter: 0 } : { compress: true, immutable: true }),
  })
  const site = wrap([missingPage], rewritten(settings.rewrites, files))
  const based = settings.base === '' ? site : below(settings.base, site)
  const inner = settings.proxies.length > 0 ? await behindProxies(settings.proxies, based) : based
  return { handler: wrap(layers, inner), close: () => live?.close() }
}

/** The first rewrite that matches gives the path of the file. */
function rewritten(rewrites: Settings['rewrites'], files: Handler): Handler {
  if (rewrites.length === 0) return files
  return (c) => {
    const { path: asked } = c
    const one = rewrites.find(({ path, below: all }) => asked === path || (all && asked.startsWith(`${path}/`)))
    if (one) c.path = one.to
    return files(c)
  }
}

/** Serves everything below a path; other paths redirect to it. */
function below(base: string, site: Handler): Handler {
  return router()
    .mount(base, (c: Context) => (c.path === '/' && c.target.split('?')[0] === base ? c.redirect(`${base}/`) : site(c)))
    .get('/', (c) => c.redirect(`${base}/`))
}

/** Browsers get an HTML page with a 404 instead of a few words. */
const missingPage: Middleware = async (c, next) => {
  const reply = await next()
  const { headers } = reply
  const isPlain = reply.status === 404 && !(headers.get('content-type') ?? '').startsWith('text/html')
  if (!isPlain || !(c.headers.get('accept') ?? '').includes('text/html')) return reply
  dropSource(reply.body, undefined)
  return c.html(
    html`<!doctype html>
      <html lang="en">
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>Not found</title>
        <style>
          body {
            font:
              1rem/1.6 system-ui,
              sans-serif;
            margin: 20vh auto 0;
            max-width: 32rem;
            padding: 0 1rem;
            color-scheme: light dark;
          }
          code {
            overflow-wrap: anywhere;
          }
        </style>
        <h1>There is nothing here</h1>
        <p><code>${c.base}${c.path}</code> is not a file in this folder.</p>
        <p><a href="${c.base}/">To the start page</a></p>
      </html>`,
    { status: 404, headers: { 'Cache-Control': headers.get('cache-control') ?? 'no-cache' } },
  )
}

/** The proxy is loaded only with `--proxy`. */
async function behindProxies(proxies: readonly Proxied[], files: Handler): Promise<Handler> {
  const { proxy, upstreams } = await import('@spillway/middleware/proxy')
  const routes = router().notFound(files)
  for (const { prefix, url } of proxies)
    routes.mount(prefix, wrap([anySize], proxy(upstreams([url]), { host: isNamed(url) ? 'upstream' : 'client' })))
  return routes
}

/** The server behind `--proxy` decides how much content it takes. */
const anySize: Middleware = (c, next) => {
  c.body.limit = Infinity
  return next()
}

/**
 * A server with a host name, perhaps one of many at its address, gets that name in Host. One on this machine or network gets the Host of
 * the page, so that it takes both for one origin.
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
