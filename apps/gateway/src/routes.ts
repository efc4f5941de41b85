// The routes of a configuration as one handler.
import { statSync } from 'node:fs'
import { type Handler, HttpError } from '@spillway/core'
import { type AnyMiddleware, type Middleware, wrap } from '@spillway/middleware'
import { cache } from '@spillway/middleware/cache'
import { client } from '@spillway/middleware/client'
import { compression } from '@spillway/middleware/compression'
import { ip } from '@spillway/middleware/ip'
import { logger } from '@spillway/middleware/logger'
import { forwardAuth, proxy } from '@spillway/middleware/proxy'
import { rateLimit } from '@spillway/middleware/rate-limit'
import { requestId } from '@spillway/middleware/request-id'
import { type Routes as RouteTable, router } from '@spillway/middleware/router'
import { type SecureHeadersOptions, secureHeaders } from '@spillway/middleware/secure-headers'
import { staticFiles } from '@spillway/middleware/static'
import { timeout } from '@spillway/middleware/timeout'
import type { AcmeStore } from './acme-store.ts'
import { passwords } from './basic-auth.ts'
import type { Certificates } from './certificates.ts'
import { type Config, ConfigError, type HostConfig, type Problem, type RouteConfig, logOf } from './config.ts'
import { errorPages, fromServer } from './error-pages.ts'
import { replyFields, requestFields } from './fields.ts'
import { given } from './given.ts'
import type { Groups } from './groups.ts'
import { misdirected, vouchedFor } from './misdirected.ts'
import { redirectTo, toHttps } from './redirects.ts'
import { programs, scripts } from './scripts.ts'
import { filesAnd, tryFiles } from './try-files.ts'

/** The routes of one configuration. */
export interface Routes {
  readonly handler: Handler
  /** The layers of each route, by its configuration. */
  readonly guards: Guards
}

type Guards = ReadonlyMap<string, readonly AnyMiddleware[]>

/** What is needed to make the routes. */
export interface Making {
  readonly config: Config
  readonly groups: Groups
  readonly certificates: Certificates
  /** Layers that see every request first. */
  readonly observers: readonly Middleware[]
  /** The routes before a reload: unchanged ones keep their quotas and caches. */
  readonly before: Guards | undefined
  /** The responses to ACME challenges. */
  readonly proofs: AcmeStore | undefined
  /** The port that requests without TLS are redirected to. */
  readonly httpsPort: () => number
}

/**
 * Makes one handler from a configuration: the layers of every route, and the routes, of which the one with the longest matching path
 * answers.
 * @throws ConfigError when something in it cannot be used.
 */
export function buildRoutes(making: Making): Routes {
  const { config, observers } = making
  const table = router()
  const kept = new Map<string, readonly AnyMiddleware[]>()
  for (const [name, host] of Object.entries(config.hosts ?? {}))
    table.host(name, (routes) => addRoutes({ ...host, name, where: ['hosts', name] }, routes, making, kept))
  const { routes: others, https, errors } = config
  if (others) addRoutes({ https, errors, routes: others, name: '', where: [] }, table, making, kept)
  else table.all('/**', misdirected)
  const outer: AnyMiddleware[] = [...observers]
  if (config.trusted) outer.push(check(['trusted'], () => identity(config.trusted!)))
  if (config.requestId) outer.push(requestId())
  const { format, redact } = logOf(config)
  if (format !== 'none') outer.push(logger({ format, redact }))
  if (making.certificates.areSeveral) outer.push(vouchedFor(making.certificates, config.trusted))
  if (making.proofs) outer.push(acmeAnswers(making.proofs))
  return { handler: wrap(outer, table), guards: kept }
}

/** What is served under one host name, or under all others. */
interface Site extends Pick<HostConfig, 'https' | 'errors' | 'routes'> {
  /** Empty for all others. */
  readonly name: string
  /** Its place in the configuration. */
  readonly where: Problem['place']
}

function addRoutes(
  { name, where, https, errors, routes }: Site,
  table: RouteTable<any, any>,
  { config, groups, before, httpsPort }: Making,
  kept: Map<string, readonly AnyMiddleware[]>,
): void {
  const paths = routes.map(({ path }) => path)
  for (const [i, route] of routes.entries()) {
    const at = [...where, 'routes', i]
    const key = JSON.stringify([name, route, route.forwardAuth && groups.stateOf(route.forwardAuth.proxy)])
    const limits = before?.get(key) ?? check(at, () => guards(route, groups))
    kept.set(key, limits)
    const layers: AnyMiddleware[] = https ? [toHttps(httpsPort), ...limits] : [...limits]
    const pages = route.errors ?? errors
    if (pages) layers.unshift(check([...at, 'errors'], () => errorPages(pages)))
    if (route.reply) layers.unshift(check([...at, 'reply'], () => replyFields(route.reply!)))
    const handler = check(at, () => target(route, config, groups))
    // The route with the longest path answers, without the layers of shorter ones: so the configuration is defined.
    table.bypass(paths, (inner) => {
      if (route.files !== undefined || route.proxy === undefined || route.strip)
        inner.mount(route.path, wrap(layers, handler))
      else inner.all(`${route.path === '/' ? '' : route.path}/**`, layers, handler)
    })
  }
  // Paths without a route.
  if (errors) table.notFound(wrap([check([...where, 'errors'], () => errorPages(errors))], notFound))
}

function notFound(): never {
  throw new HttpError(404, 'Not Found', { expose: true })
}

const acmePath = '/.well-known/acme-challenge/'

/** Answers HTTP challenges (RFC 8555 §8.3), before anything else of a host. */
function acmeAnswers(proofs: AcmeStore): Middleware {
  return (c, next) => {
    const answer = c.path.startsWith(acmePath) ? proofs.answer(c.path.slice(acmePath.length)) : undefined
    if (answer === undefined) return next()
    return c.text(answer, { headers: { 'Content-Type': 'application/octet-stream', 'Cache-Control': 'no-store' } })
  }
}

/** Makes something of a part of the configuration, and adds its place to errors. */
function check<T>(at: Problem['place'], make: () => T): T {
  try {
    return make()
  } catch (error) {
    throw ConfigError.at(at, (error as Error).message)
  }
}

function identity({ addresses, fields }: NonNullable<Config['trusted']>): AnyMiddleware {
  const xForwarded = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'] as const
  return client({ trusted: addresses, fields: fields === 'forwarded' ? fields : xForwarded })
}

/** The layers of one route. */
function guards({ allow, deny, rateLimit: limit, ...route }: RouteConfig, groups: Groups): AnyMiddleware[] {
  const { basicAuth, forwardAuth: forwarded, bodyBytes, timeout: ms, cache: caching } = route
  const layers: AnyMiddleware[] = [ownRules()]
  if (allow || deny) layers.push(ip({ ...(allow && { allow }), ...(deny && { deny }) }))
  if (limit) {
    const { windowSeconds, burst } = limit
    layers.push(rateLimit({ limit: limit.limit, ...(windowSeconds && { windowSeconds }), ...(burst && { burst }) }))
  }
  if (ms !== undefined) layers.push(timeout(ms, { status: 504 }))
  if (basicAuth) layers.push(passwords(basicAuth))
  if (forwarded) {
    const { proxy: name, path, copy = [] } = forwarded
    layers.push(forwardAuth(groups.get(name), { path, copy }))
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
 * A layer for each route that does nothing, so that a path that could also be read as one of another route is refused even if neither
 * route has layers.
 */
function ownRules(): Middleware {
  return (_, next) => next()
}

function target(route: RouteConfig, config: Config, groups: Groups): Handler {
  if (route.redirect !== undefined) return redirectTo(route)
  if (route.cgi !== undefined) return programs(route.cgi)
  if (route.files === undefined) return sentOn(route, config, groups)
  if (route.proxy === undefined) return filesOf(route, config)
  const others = sentOn(route, config, groups)
  return filesOf(route, config, route.strip ? others : whole(others))
}

/** Forwards requests to upstream servers. */
function sentOn(route: RouteConfig, config: Config, groups: Groups): Handler<any> {
  const { host, retries, rewrite = true, retryStatuses = [502, 503] } = route
  // Fields from `forwardAuth` have replaced the client's.
  const passOn = [...(route.passOn ?? []), ...(route.forwardAuth?.copy ?? [])]
  const drop = route.request?.remove
  const headers = requestFields(route.request, config.requestId)
  const buffer = route.buffer ?? config.buffer ?? true
  const options = { host, passOn, drop, headers, retries, rewrite, retryStatuses, buffer }
  const to = fromServer(proxy(groups.get(route.proxy!), given(options)))
  return config.compression ? wrap([compression()], to) : to
}

/** The whole path, of which the router has removed the route's part. */
function whole(handler: Handler<any>): Handler<any> {
  return (c) => {
    const { base, path } = c
    c.path = path === '/' && base !== '' && !c.target.split('?')[0]!.endsWith('/') ? base : base + path
    c.base = ''
    return handler(c)
  }
}

/** Serves a folder. @param others answers requests without a file. */
function filesOf(route: RouteConfig, config: Config, others?: Handler<any>): Handler<any> {
  const folder = route.files!
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new Error(`files: there is no folder ${folder}`)
  const site = staticFiles(folder, {
    precompressed: true,
    immutable: true,
    ...(route.cleanUrls && { cleanUrls: true }),
    ...(route.fallback !== undefined && { fallback: route.fallback }),
  })
  const files = route.try ? tryFiles(site, route.try) : site
  const layers: AnyMiddleware[] = []
  if (route.secureHeaders !== false) layers.push(secureHeaders(route.secureHeaders ? { csp: false } : harmless))
  if (config.compression) layers.push(compression())
  if (others) return filesAnd(files, layers, others)
  const own: Handler<any> = (c) => {
    if (c.method === 'GET' || c.method === 'HEAD') return files(c)
    return c.text('Method not allowed', { status: 405, headers: { Allow: 'GET, HEAD' } })
  }
  return wrap(layers, route.fastcgi ? scripts(folder, route.fastcgi, own) : own)
}

/** The security headers that break no site that was served without them. */
const harmless: SecureHeadersOptions = {
  csp: false,
  hsts: false,
  fields: {
    'Cross-Origin-Opener-Policy': false,
    'Cross-Origin-Resource-Policy': false,
    'Origin-Agent-Cluster': false,
    'Permissions-Policy': false,
  },
}
