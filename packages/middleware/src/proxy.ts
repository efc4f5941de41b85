// Requests that other servers answer.
import { type Context, type Handler, type FieldsInit, HttpError } from '@spillway/core'
import {
  type Rule,
  type Rules,
  type Settled,
  callback,
  choice,
  either,
  flag,
  list,
  readOptions,
  text,
  thing,
  whole,
} from '@spillway/core/options'
import { isToken } from '@spillway/parser/serialize'
import { type BufferOptions, Buffers, bufferRules } from './lib/proxy/buffers.ts'
import { forward } from './lib/proxy/forward.ts'
import { statusList } from './lib/proxy/rules.ts'
import { passedFields } from './lib/proxy/passed-fields.ts'
import { type UpstreamTarget, Upstreams, type UpstreamsOptions } from './lib/proxy/group.ts'

export type { BufferOptions } from './lib/proxy/buffers.ts'
export type { CheckOptions } from './lib/proxy/check.ts'
export type { UpstreamTimeouts } from './lib/proxy/connection.ts'
export type { UpstreamTls } from './lib/proxy/dial.ts'
export { type ForwardAuthOptions, forwardAuth } from './lib/proxy/forward-auth.ts'
export { type FailureKind, UpstreamError } from './lib/proxy/errors.ts'
export type { RetryBudget } from './lib/proxy/budget.ts'
export type { UpstreamStatus, UpstreamTarget, Upstreams, UpstreamsOptions } from './lib/proxy/group.ts'
export type { Ejection } from './lib/proxy/health.ts'
export type { PoolLimits } from './lib/proxy/upstream.ts'

/** Options of {@link proxy}. */
export interface ProxyOptions {
  /** What Host says: what the `client` asked for, the `upstream` server's own name, or this name. Default: `client`. */
  readonly host?: 'client' | 'upstream' | (string & {})
  /**
   * How the server learns who the client is: by `X-Forwarded-For`, `-Host`, `-Proto` and `-Prefix`, by `Forwarded`
   * (RFC 7239), or not at all. It is who `clientOf(c)` says: behind other proxies of ours, the `client` middleware finds
   * that out. What came in these fields is dropped. Default: `x-forwarded`.
   */
  readonly forwarded?: 'x-forwarded' | 'forwarded' | 'both' | 'none'
  /** Further fields for the server, in place of those that the client sent under these names. */
  readonly headers?: (c: Context<any, any>) => FieldsInit
  /**
   * Names of fields that are passed on although they are not by default: those with other characters than letters, digits and
   * hyphens (`x_token`), which programs behind CGI, FastCGI or WSGI cannot tell from others; and those by which proxies say who
   * the client is and what it asked for, such as `X-Forwarded-Ssl`, `X-Real-IP` or `X-Original-URL`: name these only if another
   * proxy in front sets or removes them in every request. Default: none.
   */
  readonly passOn?: readonly string[]
  /** Names of fields of the client's that are not passed on: an `Authorization` that was for us, for example. Default: none. */
  readonly drop?: readonly string[]
  /** Our name in `Via` (RFC 9110 §7.6.3), a token. Default: `spillway`. */
  readonly via?: string
  /** Servers that may be tried after the first. Default: 2. */
  readonly retries?: number
  /**
   * Statuses from 400 on for which another server is tried, where one works, and the request is idempotent and still all there: 502 and
   * 503, for example. Default: none.
   */
  readonly retryStatuses?: readonly number[]
  /**
   * Whether `Location`, `Content-Location`, `Refresh` and the `Path` and `Domain` of cookies are made what the client has to say:
   * without the server's own host, and below the path that a router took off. Default: false.
   */
  readonly rewrite?: boolean
  /**
   * Takes messages in at the pace of the quicker side, in memory and then in files: a client that sends or reads slowly holds no
   * server up. Default: false, and messages pass no faster than the slower side takes them.
   */
  readonly buffer?: boolean | BufferOptions
}

const optionRules: Rules<Settled<ProxyOptions, Exclude<keyof ProxyOptions, 'headers'>>> = {
  host: text('client', /^[!-~]+$/),
  forwarded: choice(['x-forwarded', 'forwarded', 'both', 'none'], 'x-forwarded'),
  headers: callback(),
  passOn: list(text()),
  drop: list(text()),
  via: text('spillway'),
  retries: whole(2),
  retryStatuses: statusList,
  rewrite: flag(),
  buffer: either(flag(), thing<BufferOptions>('true, false, or an object')) as Rule<boolean | BufferOptions>,
}

/**
 * A group of servers that can answer the same requests, for {@link proxy}: `http://host:port`, `https://…`, each with a
 * path that goes in front of the request's, or `unix:/path`.
 * @throws TypeError when a URL is none; RangeError when there is no server for requests, or a weight is no number from 0 on.
 */
export function upstreams(targets: readonly UpstreamTarget[], options: UpstreamsOptions = {}): Upstreams {
  return new Upstreams(targets, options)
}

/**
 * A handler that sends requests on to a server of the group, and its responses back, both as they come and no faster than
 * they are taken. The path is `c.path` as it was sent, with dot segments resolved: where a router has mounted the proxy, the
 * prefix is taken off.
 *
 * When there is no response, the reply is 502, or 504 for a deadline, or 503 when all connections are taken, by throwing an
 * {@link UpstreamError}. What breaks off after its head cuts the client's connection. Another server is tried only if no byte
 * of the request was sent, or if its method is idempotent, its content is still unread, and no response has begun.
 * @throws TypeError when an option cannot be sent, or a field that is written here is to be passed on.
 */
export function proxy(to: Upstreams, options: ProxyOptions = {}): Handler<Context<any, any>> {
  const { host, forwarded, passOn, drop, via, retries, headers, ...more } = readOptions(optionRules, options)
  if (!isToken(via)) throw new TypeError(`Not a name for Via: ${JSON.stringify(via)}`)
  const kept = passedFields(passOn)
  const dropped = new Set(drop.map((name) => name.toLowerCase()))
  const passes = dropped.size === 0 ? kept : (name: string): boolean => !dropped.has(name) && kept(name)
  const { retryStatuses, rewrite, buffer } = more
  const buffers =
    buffer === false ? undefined : new Buffers(readOptions(bufferRules, buffer === true ? {} : buffer, 'buffer.'))
  const rules = { host, forwarded, via, headers, passes, retries, retryStatuses, rewrite, buffers }
  return (c) => {
    // A tunnel to anywhere is a forward proxy's business; TRACE would show fields that were added here.
    if (c.method === 'CONNECT' || c.method === 'TRACE') throw new HttpError(501, `${c.method} is not supported here`)
    if (c.method === 'OPTIONS' && /^0+$/.test(c.headers.get('max-forwards') ?? '')) return c.empty()
    return forward(c, to, rules)
  }
}
