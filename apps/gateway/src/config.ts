import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import * as v from 'valibot'
import { schema } from './schema.ts'

/** Where the gateway listens. */
export interface ListenConfig {
  readonly port: number
  readonly host: string
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  readonly http2?: boolean | undefined
  /** Proxies in front that send a PROXY header. */
  readonly proxyProtocol?: string[] | undefined
}

/** A group of upstream servers. Milliseconds. */
export interface UpstreamConfig {
  readonly servers: (string | { readonly url: string; readonly weight?: number | undefined })[]
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
}

/** The configuration file. */
export interface Config {
  readonly listen: ListenConfig[]
  /** The dashboard, on a port of its own. */
  readonly admin?: { readonly port: number; readonly host: string } | undefined
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
  readonly routes: RouteConfig[]
  /** Starts servers of its own and clients that ask them, to look at. */
  readonly demo?: { readonly backends: number; readonly requestsPerSecond: number } | undefined
}

/** A configuration that cannot be used; the message names every place and what is wrong there. */
export class ConfigError extends Error {
  override readonly name: string = 'ConfigError'
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
    if (error instanceof ConfigError) throw new ConfigError(`${file}: ${error.message}`)
    throw error
  }
}

/** Checks the text of a configuration. @param folder what file names are relative to. @throws ConfigError */
export function parseConfig(source: string, folder: string): Config {
  let json: unknown
  try {
    json = JSON.parse(source)
  } catch (error) {
    throw new ConfigError(`not JSON: ${(error as Error).message}`)
  }
  const { success, output, issues } = v.safeParse(schema, json)
  if (!success) throw new ConfigError(list(issues.map(explain)))
  const problems = contradictions(output)
  if (problems.length > 0) throw new ConfigError(list(problems))
  return located(output, folder)
}

function list(problems: readonly string[]): string {
  return problems.length === 1 ? problems[0]! : `${problems.length} problems\n  ${problems.join('\n  ')}`
}

function explain(issue: v.BaseIssue<unknown>): string {
  const place = placeOf(issue.path?.map(({ key }) => key as string | number) ?? [])
  if (issue.type === 'strict_object') {
    if (issue.expected === 'never') return `${place} is not known here`
    if (issue.received === 'undefined') return `${place} is missing`
    return `${place || 'the configuration'} must be an object`
  }
  return issue.input === undefined ? `${place} is missing` : `${place} ${issue.message}`
}

/** `routes[0].rateLimit.limit` */
function placeOf(path: readonly (string | number)[]): string {
  return path.map((key, i) => (typeof key === 'number' ? `[${key}]` : i === 0 ? key : `.${key}`)).join('')
}

/** What is wrong although every part of it is right. */
function contradictions({ routes, upstreams, listen, demo }: Config): string[] {
  const problems: string[] = []
  const paths = new Set<string>()
  for (const [i, { path, proxy, files, strip, fallback, host, passOn, cache }] of routes.entries()) {
    const at = `routes[${i}]`
    if (paths.has(path)) problems.push(`${at}.path ${path} is there twice`)
    paths.add(path)
    if ((proxy === undefined) === (files === undefined)) problems.push(`${at} must have either "proxy" or "files"`)
    if (proxy !== undefined && !(proxy in upstreams) && !(demo && proxy === 'demo'))
      problems.push(`${at}.proxy names "${proxy}", which is not in upstreams`)
    if (files !== undefined && (strip || host !== undefined || passOn))
      problems.push(`${at} has "strip", "host" or "passOn" without "proxy"`)
    if (proxy !== undefined && fallback !== undefined) problems.push(`${at}.fallback needs "files"`)
    if (cache && proxy === undefined) problems.push(`${at}.cache needs "proxy": files are in memory anyway`)
  }
  if (demo && 'demo' in upstreams) problems.push('upstreams.demo is what "demo" makes')
  for (const [i, { http2, tls: secure }] of listen.entries())
    if (http2 && !secure) problems.push(`listen[${i}].http2 needs "tls"`)
  return problems
}

/** The same with absolute names of files. */
function located(config: Config, folder: string): Config {
  const at = (file: string): string => resolve(folder, file)
  return {
    ...config,
    listen: config.listen.map((one) =>
      one.tls ? { ...one, tls: { cert: at(one.tls.cert), key: at(one.tls.key) } } : one,
    ),
    routes: config.routes.map((one) => (one.files === undefined ? one : { ...one, files: at(one.files) })),
    upstreams: Object.fromEntries(
      Object.entries(config.upstreams).map(([name, one]) => [
        name,
        one.ca === undefined ? one : { ...one, ca: at(one.ca) },
      ]),
    ),
  }
}
