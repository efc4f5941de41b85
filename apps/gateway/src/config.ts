// The types of the configuration, and how a file is read.
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Failure } from '@spillway/command-line'
import { nearest } from '@spillway/core/options'
import * as v from 'valibot'
import { contradictions } from './contradictions.ts'
import { breakOf, lineOf, namesAt, repeated } from './places.ts'
import { missingFiles } from './missing-files.ts'
import { schema } from './schema.ts'
import { secretNames } from './secret-names.ts'

/** Where the gateway listens. */
export interface ListenConfig {
  readonly port: number
  readonly host: string
  /** True: with the certificates of the hosts; clients without server_name get the first. */
  readonly tls?: true | CertificateFiles | undefined
  readonly http2?: boolean | undefined
  /** Proxies in front that send a PROXY protocol header. */
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
  readonly ejection?:
    | (Options<'failures' | 'duration' | 'maxDuration' | 'maxShare'> & { readonly statuses?: number[] | undefined })
    | undefined
  readonly pool?: Options<'connections' | 'idle' | 'waiting' | 'tunnels' | 'maxAge'> | undefined
  readonly resolveEvery?: number | undefined
  readonly sticky?: string | undefined
  readonly http2?: boolean | undefined
  readonly proxyProtocol?: 1 | 2 | undefined
  /** Files: the authorities that servers with https are verified by, and the certificate and key of the gateway as a client. */
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly servername?: string | undefined
}

/** How messages are buffered for the slower side. */
export interface BufferConfig extends Options<'memoryBytes' | 'diskBytes' | 'totalMemoryBytes' | 'totalDiskBytes'> {
  readonly request?: boolean | undefined
  readonly reply?: boolean | undefined
  readonly folder?: string | undefined
}

type Options<Names extends string> = { readonly [Name in Names]?: number | undefined }

/** How requests below a path are answered. */
export interface RouteConfig {
  readonly path: string
  /** Name of a group of upstream servers. */
  readonly proxy?: string | undefined
  /** Whether the route's path is removed before a request is forwarded. */
  readonly strip: boolean
  /** Host field: the `client`'s, the `upstream` server's, or this one. */
  readonly host?: string | undefined
  /** Fields that are forwarded although a proxy would remove them, such as `x_token`. */
  readonly passOn?: string[] | undefined
  /** Whether URLs and cookie paths in replies are rewritten to those that the client sees. */
  readonly rewrite?: boolean | undefined
  readonly retries?: number | undefined
  readonly retryStatuses?: number[] | undefined
  readonly buffer?: boolean | BufferConfig | undefined
  /** A folder; requests without a file go to `proxy`, if there is one. */
  readonly files?: string | undefined
  /** The files that are tried, in this order. */
  readonly try?: string[] | undefined
  /** The page of a single-page application. */
  readonly fallback?: string | undefined
  /** Requests of one client in a window of seconds. */
  readonly rateLimit?: (Options<'windowSeconds' | 'burst'> & { readonly limit: number }) | undefined
  /** Caches replies that may be stored (RFC 9111). */
  readonly cache?: boolean | Options<'cacheBytes' | 'entryBytes' | 'heuristic'> | undefined
  readonly allow?: string[] | undefined
  readonly deny?: string[] | undefined
  /** Hashes of passwords by name. */
  readonly basicAuth?:
    | { readonly users: Readonly<Record<string, string>>; readonly realm?: string | undefined }
    | undefined
  readonly forwardAuth?: ForwardAuthConfig | undefined
  /** Most bytes of a request's content. */
  readonly bodyBytes?: number | undefined
  /** Milliseconds until a reply must begin. */
  readonly timeout?: number | undefined
  /** Where clients are redirected; `{path}`, `{rest}` (after the route's path), `{host}` and `{query}` stand for the request's. */
  readonly redirect?:
    | string
    | { readonly to: string; readonly status?: 301 | 302 | 303 | 307 | 308 | undefined }
    | undefined
  /** The FastCGI server that runs the scripts among the files: `unix:/run/php.sock` or `host:port`. */
  readonly fastcgi?: FastCgiConfig | undefined
  /** A folder of CGI programs (RFC 3875), or one program. */
  readonly cgi?: string | CgiConfig | undefined
  /** `/about` for `about.html`. */
  readonly cleanUrls?: boolean | undefined
  /** Security headers for browsers. */
  readonly secureHeaders?: boolean | undefined
  /** Fields of forwarded requests. */
  readonly request?: FieldChanges | undefined
  /** Fields of replies. */
  readonly reply?: (FieldChanges & { readonly add?: Readonly<Record<string, string>> | undefined }) | undefined
  /** Pages by status, `404`, or class, `5xx`, for errors of the gateway itself. */
  readonly errors?: ErrorPages | undefined
}

export interface FastCgiConfig extends Options<'connections' | 'timeout'> {
  readonly server: string
  /** The script that answers requests without a file. */
  readonly front?: string | undefined
}

export interface CgiConfig extends Options<'processes' | 'timeout'> {
  readonly path: string
  /** Environment variables of the scripts. */
  readonly env?: Readonly<Record<string, string>> | undefined
}

/** A server that decides whether a request may pass. */
export interface ForwardAuthConfig {
  /** Name of a group of upstream servers. */
  readonly proxy: string
  readonly path: string
  /** Fields of its reply that are copied into the request. */
  readonly copy?: string[] | undefined
}

export interface FieldChanges {
  readonly set?: Readonly<Record<string, string>> | undefined
  readonly remove?: readonly string[] | undefined
}

export type ErrorPages = Readonly<Record<string, string>>

/** Types of challenge that prove control of a name (RFC 8555 §8.3, RFC 8737). */
export type ChallengeType = 'http-01' | 'tls-alpn-01'

/** The authority that issues certificates by ACME (RFC 8555). */
export interface AcmeConfig {
  /** Whether its terms are agreed to. */
  readonly agreed: true
  /** `letsencrypt`, `letsencrypt-staging`, or a URL. */
  readonly directory: string
  /** Where accounts, keys and certificates are kept. */
  readonly folder: string
  /** An email address. */
  readonly contact?: string | undefined
  readonly challenges?: ChallengeType[] | undefined
  readonly externalAccount?: { readonly id: string; readonly key: string } | undefined
}

/** A site: what is served under one host name. */
export interface HostConfig {
  /** `acme`: a certificate from the authority. */
  readonly tls?: 'acme' | CertificateFiles | undefined
  /** Whether requests without TLS are redirected to https. */
  readonly https?: boolean | undefined
  readonly errors?: ErrorPages | undefined
  readonly routes: RouteConfig[]
}

export type LogFormat = 'text' | 'common' | 'combined' | 'json' | 'none'

type Timeouts = Options<
  'handshake' | 'head' | 'bodyIdle' | 'keepAlive' | 'writeStall' | 'request' | 'halfClosed' | 'tunnel'
>
type Limits = Options<
  'connectionsPerAddress' | 'requestsPerConnection' | 'bufferedBytes' | 'headBytes' | 'targetBytes' | 'fields'
>

/** The configuration file. */
export interface Config {
  readonly $schema?: string | undefined
  readonly listen: ListenConfig[]
  /** The dashboard, on a port of its own. */
  readonly admin?:
    | {
        readonly port: number
        readonly host: string
        /** Host names that it accepts besides addresses and localhost. */
        readonly names?: string[] | undefined
      }
    | undefined
  /** Proxies in front, and the field in which all of them name the client. */
  readonly trusted?: { readonly addresses: string[]; readonly fields: 'forwarded' | 'x-forwarded' } | undefined
  /** The access log; `redact` names query parameters whose values are not logged. */
  readonly log: LogFormat | { readonly format: LogFormat; readonly redact?: string[] | undefined }
  /** The authority that issues the certificates of hosts. */
  readonly acme?: AcmeConfig | undefined
  /** How many processes share the work. */
  readonly workers?: number | undefined
  /** Milliseconds that requests under way have to finish at shutdown. */
  readonly deadline: number
  readonly timeouts?: Timeouts | undefined
  readonly limits?: Limits | undefined
  /** For routes that have none of their own. */
  readonly buffer?: boolean | BufferConfig | undefined
  /** Whether each request gets an id, in X-Request-Id, for the logs here and upstream. */
  readonly requestId: boolean
  readonly compression: boolean
  /** Most at a time; 0 for no limit. */
  readonly connections: number
  /** At shutdown, milliseconds between not being ready and refusing connections. */
  readonly announce: number
  readonly upstreams: { readonly [name: string]: UpstreamConfig }
  /** The same, for routes outside of `hosts`. */
  readonly https?: boolean | undefined
  readonly errors?: ErrorPages | undefined
  /** The sites, each with its host names. */
  readonly hosts?: Readonly<Record<string, HostConfig>> | undefined
  /** For every name that is not in `hosts`. Without them such requests are refused. */
  readonly routes?: RouteConfig[] | undefined
  /** Starts servers and clients of its own, for a demonstration. */
  readonly demo?: { readonly backends: number; readonly requestsPerSecond: number } | undefined
}

/** A mistake, and its place in the configuration. */
export interface Problem {
  readonly place: readonly (string | number)[]
  readonly what: string
}

/** How the log is written, and what is left out of it. */
export function logOf({ log }: Config): { readonly format: LogFormat; readonly redact: readonly string[] } {
  const { format, redact = secretNames } = typeof log === 'string' ? { format: log } : log
  return { format, redact }
}

/** A configuration that cannot be used. The message names every mistake and its place. */
export class ConfigError extends Failure {
  override readonly name: string = 'ConfigError'
  readonly problems: readonly Problem[]

  constructor(message: string, problems: readonly Problem[] = []) {
    super(message)
    this.problems = problems
  }

  /** @param what is wrong at a place. */
  static at(place: Problem['place'], what: string): ConfigError {
    return ConfigError.of([{ place, what: `: ${what}` }])
  }

  static of(problems: readonly Problem[]): ConfigError {
    return new ConfigError(list(problems.map(textOf)), problems)
  }
}

/** Reads and checks a file. File names in it are relative to its folder. @throws ConfigError */
export function readConfig(file: string): Config {
  const source = readSource(file)
  return pointing(file, () => {
    const folder = dirname(resolve(file))
    const { config, problems } = checked(source, (found) => missingFiles(located(found, folder)))
    if (problems.length > 0) throw ConfigError.of(problems)
    return located(config, folder)
  })
}

/** Adds the file's name and lines to errors that arise when its configuration is used. @throws ConfigError */
export function pointing<T>(file: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof ConfigError) || error.problems.length === 0) throw error
    const source = readSource(file)
    const found = error.problems.map((one) => ({ line: lineOf(source, one.place), text: textOf(one) }))
    const lines = found.toSorted((a, b) => a.line - b.line).map(({ line, text }) => `${file}:${line}: ${text}`)
    throw new ConfigError(list(lines))
  }
}

function readSource(file: string): string {
  let source
  try {
    source = readFileSync(file, 'utf8').replace(/^\uFEFF/, '')
  } catch (error) {
    throw new ConfigError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`)
  }
  try {
    JSON.parse(source)
  } catch (error) {
    const { line, advice } = breakOf(source)
    throw new ConfigError(`${file}:${line}: not JSON${advice || `: ${(error as Error).message}`}`)
  }
  return source
}

/** Checks the text of a configuration. @param folder what file names are relative to. @throws ConfigError */
export function parseConfig(source: string, folder: string): Config {
  const { config, problems } = checked(source, () => [])
  if (problems.length > 0) throw ConfigError.of(problems)
  return located(config, folder)
}

/**
 * The configuration in a text, and its mistakes.
 * @param more finds further problems.
 */
function checked(
  source: string,
  more: (config: Config) => Problem[],
): { readonly config: Config; readonly problems: readonly Problem[] } {
  const { output, issues = [] } = v.safeParse(schema, JSON.parse(source), { abortPipeEarly: true })
  const config = output as Config
  const wrong = [...repeated(source).map((place) => ({ place, what: 'appears twice' })), ...issues.map(explain)]
  const whole = (): Problem[] => [...contradictions(config), ...more(config)]
  if (issues.length === 0) return { config, problems: [...wrong, ...whole()] }
  try {
    const others = whole().filter(({ place }) => !wrong.some((one) => isPart(one.place, place)))
    return { config, problems: [...wrong, ...others] }
  } catch {
    // It is too far from a configuration to be checked further.
    return { config, problems: wrong }
  }
}

/** Whether one place is within another, so that a mistake there may be the reason for the other's. */
function isPart(inner: Problem['place'], outer: Problem['place']): boolean {
  return outer.every((key, i) => inner[i] === key)
}

function list(problems: readonly string[]): string {
  return problems.length === 1 ? problems[0]! : `${problems.length} problems\n  ${problems.join('\n  ')}`
}

function textOf({ place, what }: Problem): string {
  return `${placeOf(place) || 'the configuration'}${what.startsWith(':') ? '' : ' '}${what}`
}

function explain(issue: v.BaseIssue<unknown>): Problem {
  const place = issue.path?.map(({ key }) => key as string | number) ?? []
  return { place, what: explainAt(issue, place) }
}

function explainAt(issue: v.BaseIssue<unknown>, place: Problem['place']): string {
  if (issue.type === 'strict_object') {
    if (issue.expected === 'never') {
      const near = nearest(String(place.at(-1)), namesAt(schema, place.slice(0, -1)))
      return `is not known here${near === undefined ? '' : `: did you mean "${near}"?`}`
    }
    return issue.received === 'undefined' ? 'is missing' : 'must be an object'
  }
  return issue.input === undefined ? 'is missing' : issue.message
}

/** `routes[0].rateLimit.limit` */
function placeOf(path: Problem['place']): string {
  return path.map((key, i) => (typeof key === 'number' ? `[${key}]` : i === 0 ? key : `.${key}`)).join('')
}

/** The same configuration with absolute file names. */
function located(config: Config, folder: string): Config {
  const at = (file: string): string => resolve(folder, file)
  const certificate = ({ cert, key }: CertificateFiles): CertificateFiles => ({ cert: at(cert), key: at(key) })
  const pages = <T extends { readonly errors?: ErrorPages | undefined }>(one: T): T =>
    one.errors
      ? { ...one, errors: Object.fromEntries(Object.entries(one.errors).map(([status, file]) => [status, at(file)])) }
      : one
  const waiting = <T extends Pick<Config, 'buffer'>>(one: T): T =>
    typeof one.buffer === 'object' && one.buffer.folder !== undefined
      ? { ...one, buffer: { ...one.buffer, folder: at(one.buffer.folder) } }
      : one
  const route = (one: RouteConfig): RouteConfig =>
    pages({
      ...waiting(one),
      ...(one.files !== undefined && { files: at(one.files) }),
      ...(one.cgi !== undefined && {
        cgi: typeof one.cgi === 'string' ? at(one.cgi) : { ...one.cgi, path: at(one.cgi.path) },
      }),
    })
  const { acme, hosts, routes } = config
  return pages({
    ...waiting(config),
    listen: config.listen.map((one) => (typeof one.tls === 'object' ? { ...one, tls: certificate(one.tls) } : one)),
    ...(acme && { acme: { ...acme, folder: at(acme.folder) } }),
    ...(routes && { routes: routes.map(route) }),
    ...(hosts && {
      hosts: eachOf(hosts, (one) =>
        pages({
          ...one,
          ...(typeof one.tls === 'object' && { tls: certificate(one.tls) }),
          routes: one.routes.map(route),
        }),
      ),
    }),
    upstreams: eachOf(config.upstreams, (one) => {
      const files = Object.entries({ ca: one.ca, cert: one.cert, key: one.key }).filter(
        ([, file]) => file !== undefined,
      )
      return { ...one, ...Object.fromEntries(files.map(([name, file]) => [name, at(file!)])) }
    }),
  })
}

function eachOf<T>(all: Readonly<Record<string, T>>, change: (one: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, change(one)]))
}
