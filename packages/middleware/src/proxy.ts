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
import { named } from './lib/layers/layer-trace.ts'

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
  /** The Host field: what the `client` asked for, the `upstream` server's own name, or this name. Default: `client`. */
  readonly host?: 'client' | 'upstream' | (string & {})
  /**
   * How the server learns who the client is: by `X-Forwarded-For`, `-Host`, `-Proto` and `-Prefix`, by `Forwarded`
   * (RFC 7239), or not at all. The client is the one of `clientOf(c)`: behind other proxies of ours, the `client` middleware
   * determines it. What came in these fields is dropped. Default: `x-forwarded`.
   */
  readonly forwarded?: 'x-forwarded' | 'forwarded' | 'both' | 'none'
  /** Further fields for the server, replacing those that the client sent under these names. */
  readonly headers?: (c: Context<any, any>) => FieldsInit
  /**
   * Names of fields that are passed on although by default they are not. These are names with characters other than letters, digits and
   * hyphens (`x_token`), which programs behind CGI, FastCGI or WSGI cannot tell from others; and fields by which proxies say who
   * the client is and what it asked for, such as `X-Forwarded-Ssl`, `X-Real-IP` or `X-Original-URL`: list those only if another
   * proxy in front sets or removes them in every request. Default: none.
   */
  readonly passOn?: readonly string[]
  /** Names of the client's fields that are not passed on: an `Authorization` that was meant for us, for example. Default: none. */
  readonly drop?: readonly string[]
  /** Our name in `Via` (RFC 9110 §7.6.3), a token. Default: `spillway`. */
  readonly via?: string
  /** How many servers may be tried after the first. Default: 2. */
  readonly retries?: number
  /**
   * Statuses from 400 up for which another server is tried, if one is working and the request is idempotent and can still be sent in full:
   * 502 and 503, for example. Default: none.
   */
  readonly retryStatuses?: readonly number[]
  /**
   * Whether `Location`, `Content-Location`, `Refresh` and the `Path` and `Domain` of cookies are rewritten to what the client has to use:
   * without the server's own host, and below the prefix that a router removed. Default: false.
   */
  readonly rewrite?: boolean
  /**
   * Takes messages in at the pace of the faster side, into memory and then files, so that a client that sends or reads slowly does not
   * keep a server busy. Default: false, and messages pass no faster than the slower side takes them.
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
 * path that is prepended to the request's, or `unix:/path`.
 * @throws TypeError when a URL is not valid; RangeError when there is no server for requests, or a weight is not a number from 0 up.
 */
export function upstreams(targets: readonly UpstreamTarget[], options: UpstreamsOptions = {}): Upstreams {
  return new Upstreams(targets, options)
}

/**
 * A handler that passes requests on to a server of the group, and its responses back, both as they come and no faster than
 * they are taken. The path is `c.path` as it was sent, with dot segments resolved; where a router has mounted the proxy, the
 * prefix is removed.
 *
 * When there is no response, the reply is 502, or 504 for a deadline, or 503 when all connections are taken; it is made by throwing an
 * {@link UpstreamError}. A response that breaks off after its head cuts the client's connection. Another server is tried only if no byte
 * of the request was sent, or if its method is idempotent, its content is still unread, and no response has begun.
 * @throws TypeError when it is not given a group, when an option cannot be sent, or when `passOn` names a field that the proxy itself writes.
 */
export function proxy(to: Upstreams, options: ProxyOptions = {}): Handler<Context<any, any>> {
  const { host, forwarded, passOn, drop, via, retries, headers, ...more } = readOptions(optionRules, options)
  if (typeof to !== 'object' || Array.isArray(to))
    throw new TypeError(
      `A proxy passes requests on to a group of servers: proxy(upstreams(${JSON.stringify([to].flat())}))`,
    )
  if (!isToken(via)) throw new TypeError(`Not a name for Via: ${JSON.stringify(via)}`)
  const kept = passedFields(passOn)
  const dropped = new Set(drop.map((name) => name.toLowerCase()))
  const passes = dropped.size === 0 ? kept : (name: string): boolean => !dropped.has(name) && kept(name)
  const { retryStatuses, rewrite, buffer } = more
  const buffers =
    buffer === false ? undefined : new Buffers(readOptions(bufferRules, buffer === true ? {} : buffer, 'buffer.'))
  const rules = { host, forwarded, via, headers, passes, retries, retryStatuses, rewrite, buffers }
  return named('proxy', (c) => {
    // A tunnel to anywhere is a forward proxy's business; TRACE would show fields that were added here.
    if (c.method === 'CONNECT' || c.method === 'TRACE') throw new HttpError(501, `${c.method} is not supported here`)
    if (c.method === 'OPTIONS' && /^0+$/.test(c.headers.get('max-forwards') ?? '')) return c.empty()
    return forward(c, to, rules)
  })
}
