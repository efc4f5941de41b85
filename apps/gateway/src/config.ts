import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { nearest } from '@spillway/core/options'
import * as v from 'valibot'
import { lineOf, lineOfBreak, namesAt } from './places.ts'
import { schema } from './schema.ts'

/** Where the gateway listens. */
export interface ListenConfig {
  readonly port: number
  readonly host: string
  /** True: with the certificates of the hosts, of which the first is shown to who names none. */
  readonly tls?: true | CertificateFiles | undefined
  readonly http2?: boolean | undefined
  /** Proxies in front that send a PROXY header. */
  readonly proxyProtocol?: string[] | undefined
}

/** Names of files. */
export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** A group of upstream servers. Milliseconds. */
export interface UpstreamConfig {
  readonly servers: (
    | string
    | { readonly url: string; readonly weight?: number | undefined; readonly backup?: boolean | undefined }
  )[]
  readonly balance?: 'round-robin' | 'least-connections' | 'client' | 'path' | undefined
  readonly check?:
    | (Options<'interval' | 'timeout' | 'healthy' | 'unhealthy'> & {
        readonly path: string
        readonly host?: string | undefined
      })
    | undefined
  readonly timeouts?: Options<'connect' | 'head' | 'bodyIdle' | 'keepAlive'> | undefined
  readonly ejection?: Options<'failures' | 'duration' | 'maxDuration' | 'maxShare'> | undefined
  readonly pool?: Options<'connections' | 'idle' | 'waiting'> | undefined
  readonly proxyProtocol?: 1 | 2 | undefined
  /** A file with the authorities that vouch for servers with https. */
  readonly ca?: string | undefined
}

type Options<Names extends string> = { readonly [Name in Names]?: number | undefined }

/** What answers below a path. */
export interface RouteConfig {
  readonly path: string
  /** Name of a group of upstream servers. */
  readonly proxy?: string | undefined
  /** Whether the path is taken off before the request is sent on. */
  readonly strip: boolean
  /** Host: the `client`'s, the `upstream` server's, or this one. */
  readonly host?: string | undefined
  /** Names of fields that are sent on although proxies keep them, `x_token` for example. */
  readonly passOn?: string[] | undefined
  /** A folder. */
  readonly files?: string | undefined
  /** The page of a single-page application. */
  readonly fallback?: string | undefined
  /** Requests of one client in a window of seconds. */
  readonly rateLimit?: (Options<'windowSeconds' | 'burst'> & { readonly limit: number }) | undefined
  /** Keeps what servers say that may be kept (RFC 9111). */
  readonly cache?: boolean | Options<'cacheBytes' | 'entryBytes' | 'heuristic'> | undefined
  readonly allow?: string[] | undefined
  readonly deny?: string[] | undefined
  /** Bytes that the content of a request may have. */
  readonly bodyBytes?: number | undefined
  /** Where clients are sent; `{path}`, `{rest}` (behind the route's own), `{host}` and `{query}` stand for the request's. */
  readonly redirect?:
    | string
    | { readonly to: string; readonly status?: 301 | 302 | 303 | 307 | 308 | undefined }
    | undefined
  /** Has the scripts among the files run by this server, `unix:/run/php.sock` or `host:port`. */
  readonly fastcgi?: FastCgiConfig | undefined
  /** `/about` for `about.html`. */
  readonly cleanUrls?: boolean | undefined
  /** Fields that make browsers careful. */
  readonly secureHeaders?: boolean | undefined
  /** Fields of what is sent on. */
  readonly request?: FieldChanges | undefined
  /** Fields of what is sent back. */
  readonly reply?: (FieldChanges & { readonly add?: Readonly<Record<string, string>> | undefined }) | undefined
  /** Pages by status, `404`, or kind, `5xx`, for errors that are found here. */
  readonly errors?: ErrorPages | undefined
}

export interface FastCgiConfig extends Options<'connections' | 'timeout'> {
  readonly server: string
  /** The script that answers for what there is no file for. */
  readonly front?: string | undefined
}

export interface FieldChanges {
  readonly set?: Readonly<Record<string, string>> | undefined
  readonly remove?: readonly string[] | undefined
}

export type ErrorPages = Readonly<Record<string, string>>

/** What is served under one name. */
export interface HostConfig {
  readonly tls?: CertificateFiles | undefined
  /** Whether who comes without TLS is sent there. */
  readonly https?: boolean | undefined
  readonly errors?: ErrorPages | undefined
  readonly routes: RouteConfig[]
}

/** The configuration file. */
export interface Config {
  readonly listen: ListenConfig[]
  /** The dashboard, on a port of its own. */
  readonly admin?:
    | {
        readonly port: number
        readonly host: string
        /** By which it may be asked, beside addresses and localhost. */
        readonly names?: string[] | undefined
      }
    | undefined
  /** Proxies in front, and the fields by which all of them name the client. */
  readonly trusted?: { readonly addresses: string[]; readonly fields: 'forwarded' | 'x-forwarded' } | undefined
  readonly log: 'text' | 'common' | 'combined' | 'json' | 'none'
  /** Whether each request gets a name, in X-Request-Id, for logs here and there. */
  readonly requestId: boolean
  readonly compression: boolean
  /** At a time; 0 for any number. */
  readonly connections: number
  /** Milliseconds between saying not ready and refusing connections, when the gateway ends. */
  readonly announce: number
  readonly upstreams: { readonly [name: string]: UpstreamConfig }
  /** The same for the routes that are of no host. */
  readonly https?: boolean | undefined
  readonly errors?: ErrorPages | undefined
  /** What is served under other names. */
  readonly hosts?: Readonly<Record<string, HostConfig>> | undefined
  /** For every name that is not in hosts; without them such a request is refused. */
  readonly routes?: RouteConfig[] | undefined
  /** Starts servers of its own and clients that ask them, to look at. */
  readonly demo?: { readonly backends: number; readonly requestsPerSecond: number } | undefined
}

/** One mistake, and where it is. */
export interface Problem {
  readonly place: readonly (string | number)[]
  readonly what: string
}

/** A configuration that cannot be used; the message names every place and what is wrong there. */
export class ConfigError extends Error {
  override readonly name: string = 'ConfigError'
  readonly problems: readonly Problem[]

  constructor(message: string, problems: readonly Problem[] = []) {
    super(message)
    this.problems = problems
  }
}

/** Reads and checks a file. Names of files in it are relative to it. @throws ConfigError */
export function readConfig(file: string): Config {
  let source
  try {
    source = readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`)
  }
  try {
    return parseConfig(source, dirname(resolve(file)))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const { problems } = error
    if (problems.length === 0) throw new ConfigError(`${file}${error.message}`)
    const lines = problems.map((one) => `${file}:${lineOf(source, one.place)}: ${textOf(one)}`)
    throw new ConfigError(list(lines), problems)
  }
}

/** Checks the text of a configuration. @param folder what file names are relative to. @throws ConfigError */
export function parseConfig(source: string, folder: string): Config {
  let json: unknown
  try {
    json = JSON.parse(source)
  } catch (error) {
    throw new ConfigError(`:${lineOfBreak(source)}: not JSON: ${(error as Error).message}`)
  }
  const { success, output, issues } = v.safeParse(schema, json, { abortPipeEarly: true })
  const problems = success ? contradictions(output) : issues.map(explain)
  if (problems.length > 0) throw new ConfigError(list(problems.map(textOf)), problems)
  return located(output as Config, folder)
}

function list(problems: readonly string[]): string {
  return problems.length === 1 ? problems[0]! : `${problems.length} problems\n  ${problems.join('\n  ')}`
}

function textOf({ place, what }: Problem): string {
  return `${placeOf(place) || 'the configuration'} ${what}`
}

function explain(issue: v.BaseIssue<unknown>): Problem {
  const place = issue.path?.map(({ key }) => key as string | number) ?? []
  return { place, what: explainAt(issue, place) }
}

function explainAt(issue: v.BaseIssue<unknown>, place: Problem['place']): string {
  if (issue.type === 'strict_object') {
    if (issue.expected === 'never') {
      const near = nearest(String(place.at(-1)), namesAt(schema, place.slice(0, -1)))
      return `is not known here${near === undefined ? '' : `: is it "${near}"?`}`
    }
    return issue.received === 'undefined' ? 'is missing' : 'must be an object'
  }
  return issue.input === undefined ? 'is missing' : issue.message
}

/** `routes[0].rateLimit.limit` */
function placeOf(path: Problem['place']): string {
  return path.map((key, i) => (typeof key === 'number' ? `[${key}]` : i === 0 ? key : `.${key}`)).join('')
}

/** What is wrong although every part of it is right. */
function contradictions(config: Config): Problem[] {
  const { listen, demo, upstreams, hosts = {}, routes } = config
  const problems: Problem[] = []
  const certified = Object.values(hosts).some(({ tls }) => tls)
  if (!routes && Object.keys(hosts).length === 0)
    problems.push({ place: ['routes'], what: 'is missing, and so is hosts' })
  if (routes) problems.push(...routeProblems(config, routes, ['routes']))
  for (const [name, host] of Object.entries(hosts))
    problems.push(...routeProblems(config, host.routes, ['hosts', name, 'routes']))
  if (demo && 'demo' in upstreams) problems.push({ place: ['upstreams', 'demo'], what: 'is what "demo" makes' })
  for (const [i, { http2, tls: secure }] of listen.entries()) {
    if (http2 && !secure) problems.push({ place: ['listen', i, 'http2'], what: 'needs "tls"' })
    if (secure === true && !certified)
      problems.push({ place: ['listen', i, 'tls'], what: 'is true, and no host has a certificate' })
  }
  return problems
}

function routeProblems(config: Config, routes: readonly RouteConfig[], where: Problem['place']): Problem[] {
  const paths = new Set<string>()
  return routes.flatMap((route, i) => {
    const at = [...where, i]
    const isKnown = paths.has(route.path)
    paths.add(route.path)
    const twice: Problem[] = isKnown ? [{ place: [...at, 'path'], what: `${route.path} is there twice` }] : []
    return [...twice, ...oneRouteProblems(config, route, at)]
  })
}

function oneRouteProblems({ upstreams, demo }: Config, route: RouteConfig, at: Problem['place']): Problem[] {
  const { proxy, files, redirect, strip, fallback, host, passOn, cache, fastcgi, request, cleanUrls } = route
  const problems: Problem[] = []
  const needs = (name: string, what: string): void =>
    void problems.push({ place: [...at, name], what: `needs ${what}` })
  if ([proxy, files, redirect].filter((one) => one !== undefined).length !== 1)
    problems.push({ place: at, what: 'must have one of "proxy", "files" and "redirect"' })
  if (proxy !== undefined && !(proxy in upstreams) && !(demo && proxy === 'demo')) {
    const near = nearest(proxy, Object.keys(upstreams))
    const advice = near === undefined ? '' : `: is it "${near}"?`
    problems.push({ place: [...at, 'proxy'], what: `names "${proxy}", which is not in upstreams${advice}` })
  }
  if (proxy === undefined && (strip || host !== undefined || passOn || request))
    problems.push({ place: at, what: 'has "strip", "host", "passOn" or "request" without "proxy"' })
  if (files === undefined && fallback !== undefined) needs('fallback', '"files"')
  if (files === undefined && fastcgi) needs('fastcgi', '"files", which has the scripts')
  if (files === undefined && cleanUrls) needs('cleanUrls', '"files"')
  if (cache && proxy === undefined) needs('cache', '"proxy": files are in memory anyway')
  return problems
}

/** The same with absolute names of files. */
function located(config: Config, folder: string): Config {
  const at = (file: string): string => resolve(folder, file)
  const certificate = ({ cert, key }: CertificateFiles): CertificateFiles => ({ cert: at(cert), key: at(key) })
  const pages = <T extends { readonly errors?: ErrorPages | undefined }>(one: T): T =>
    one.errors
      ? { ...one, errors: Object.fromEntries(Object.entries(one.errors).map(([status, file]) => [status, at(file)])) }
      : one
  const route = (one: RouteConfig): RouteConfig =>
    pages(one.files === undefined ? one : { ...one, files: at(one.files) })
  const { hosts, routes } = config
  return pages({
    ...config,
    listen: config.listen.map((one) => (typeof one.tls === 'object' ? { ...one, tls: certificate(one.tls) } : one)),
    ...(routes && { routes: routes.map(route) }),
    ...(hosts && {
      hosts: eachOf(hosts, (one) =>
        pages({ ...one, ...(one.tls && { tls: certificate(one.tls) }), routes: one.routes.map(route) }),
      ),
    }),
    upstreams: eachOf(config.upstreams, (one) => (one.ca === undefined ? one : { ...one, ca: at(one.ca) })),
  })
}

function eachOf<T>(all: Readonly<Record<string, T>>, change: (one: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, change(one)]))
}
