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
  readonly ejection?:
    | (Options<'failures' | 'duration' | 'maxDuration' | 'maxShare'> & { readonly statuses?: number[] | undefined })
    | undefined
  readonly pool?: Options<'connections' | 'idle' | 'waiting' | 'tunnels' | 'maxAge'> | undefined
  readonly resolveEvery?: number | undefined
  readonly sticky?: string | undefined
  readonly http2?: boolean | undefined
  readonly proxyProtocol?: 1 | 2 | undefined
  /** Files: the authorities that vouch for servers with https, and what the gateway proves itself with. */
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly servername?: string | undefined
}

/** Where messages wait for the slower side. */
export interface BufferConfig extends Options<'memoryBytes' | 'diskBytes' | 'totalMemoryBytes' | 'totalDiskBytes'> {
  readonly request?: boolean | undefined
  readonly reply?: boolean | undefined
  readonly folder?: string | undefined
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
  /** Whether what servers say of places is made what the client has to say. */
  readonly rewrite?: boolean | undefined
  readonly retries?: number | undefined
  readonly retryStatuses?: number[] | undefined
  readonly buffer?: boolean | BufferConfig | undefined
  /** A folder; what there is no file for is the matter of `proxy`, where there is one. */
  readonly files?: string | undefined
  /** The files that answer, in this order. */
  readonly try?: string[] | undefined
  /** The page of a single-page application. */
  readonly fallback?: string | undefined
  /** Requests of one client in a window of seconds. */
  readonly rateLimit?: (Options<'windowSeconds' | 'burst'> & { readonly limit: number }) | undefined
  /** Keeps what servers say that may be kept (RFC 9111). */
  readonly cache?: boolean | Options<'cacheBytes' | 'entryBytes' | 'heuristic'> | undefined
  readonly allow?: string[] | undefined
  readonly deny?: string[] | undefined
  /** Hashes of passwords by name. */
  readonly basicAuth?:
    | { readonly users: Readonly<Record<string, string>>; readonly realm?: string | undefined }
    | undefined
  readonly forwardAuth?: ForwardAuthConfig | undefined
  /** Bytes that the content of a request may have. */
  readonly bodyBytes?: number | undefined
  /** Milliseconds for a reply to begin. */
  readonly timeout?: number | undefined
  /** Where clients are sent; `{path}`, `{rest}` (behind the route's own), `{host}` and `{query}` stand for the request's. */
  readonly redirect?:
    | string
    | { readonly to: string; readonly status?: 301 | 302 | 303 | 307 | 308 | undefined }
    | undefined
  /** Has the scripts among the files run by this server, `unix:/run/php.sock` or `host:port`. */
  readonly fastcgi?: FastCgiConfig | undefined
  /** A folder of programs, each run for its requests (CGI, RFC 3875), or one program. */
  readonly cgi?: string | CgiConfig | undefined
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

export interface CgiConfig extends Options<'processes' | 'timeout'> {
  readonly path: string
  /** Variables of their environment. */
  readonly env?: Readonly<Record<string, string>> | undefined
}

/** A server that is asked whether a request may pass. */
export interface ForwardAuthConfig {
  /** Name of a group of upstream servers. */
  readonly proxy: string
  readonly path: string
  /** Names of fields of its reply. */
  readonly copy?: string[] | undefined
}

export interface FieldChanges {
  readonly set?: Readonly<Record<string, string>> | undefined
  readonly remove?: readonly string[] | undefined
}

export type ErrorPages = Readonly<Record<string, string>>

/** How a name is shown to be ours (RFC 8555 §8.3, RFC 8737). */
export type ChallengeType = 'http-01' | 'tls-alpn-01'

/** An authority that is asked for certificates (ACME, RFC 8555). */
export interface AcmeConfig {
  /** To its terms. */
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

/** What is served under one name. */
export interface HostConfig {
  /** `acme`: a certificate that an authority is asked for. */
  readonly tls?: 'acme' | CertificateFiles | undefined
  /** Whether who comes without TLS is sent there. */
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
        /** By which it may be asked, beside addresses and localhost. */
        readonly names?: string[] | undefined
      }
    | undefined
  /** Proxies in front, and the fields by which all of them name the client. */
  readonly trusted?: { readonly addresses: string[]; readonly fields: 'forwarded' | 'x-forwarded' } | undefined
  /** With names in queries whose values are not written. */
  readonly log: LogFormat | { readonly format: LogFormat; readonly redact?: string[] | undefined }
  /** The authority that is asked for the certificates of hosts. */
  readonly acme?: AcmeConfig | undefined
  /** Processes that share the work. */
  readonly workers?: number | undefined
  /** Milliseconds that requests under way have at the end. */
  readonly deadline: number
  readonly timeouts?: Timeouts | undefined
  readonly limits?: Limits | undefined
  /** For routes that say nothing of it. */
  readonly buffer?: boolean | BufferConfig | undefined
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

/** How the log is written, and what is not. */
export function logOf({ log }: Config): { readonly format: LogFormat; readonly redact: readonly string[] } {
  const { format, redact = secretNames } = typeof log === 'string' ? { format: log } : log
  return { format, redact }
}

/** A configuration that cannot be used; the message names every place and what is wrong there. */
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

/** Reads and checks a file. Names of files in it are relative to it. @throws ConfigError */
export function readConfig(file: string): Config {
  const source = readSource(file)
  return pointing(file, () => {
    const folder = dirname(resolve(file))
    const { config, problems } = checked(source, (found) => missingFiles(located(found, folder)))
    if (problems.length > 0) throw ConfigError.of(problems)
    return located(config, folder)
  })
}

/** Names the file and its lines in the errors of what is made of it. @throws ConfigError */
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
 * What the text of a configuration says, and what is wrong with it.
 * @param more finds further problems.
 */
function checked(
  source: string,
  more: (config: Config) => Problem[],
): { readonly config: Config; readonly problems: readonly Problem[] } {
  const { output, issues = [] } = v.safeParse(schema, JSON.parse(source), { abortPipeEarly: true })
  const config = output as Config
  const wrong = [...repeated(source).map((place) => ({ place, what: 'is there twice' })), ...issues.map(explain)]
  const whole = (): Problem[] => [...contradictions(config), ...more(config)]
  if (issues.length === 0) return { config, problems: [...wrong, ...whole()] }
  try {
    const others = whole().filter(({ place }) => !wrong.some((one) => isPart(one.place, place)))
    return { config, problems: [...wrong, ...others] }
  } catch {
    // What is there is too far from a configuration.
    return { config, problems: wrong }
  }
}

/** Whether one place is in another, so that what is wrong with it may be why the other is. */
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

/** The same with absolute names of files. */
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
