// The head of a request to an upstream server.
import { randomBytes } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { type Context, type FieldsInit, HttpError, fieldPairs } from '@spillway/core'
import { hasToken } from '@spillway/parser/fields'
import { appendField, requestLine } from '@spillway/parser/serialize'
import type { UpstreamAddress } from './address.ts'
import { connectionOptions } from '../http/connection-options.ts'
import { foldedName } from '../http/field-names.ts'
import { authorityOf, clientOf } from '../http/known-client.ts'
import { resolveDots } from '../http/path.ts'
import { atOnce } from '../layers/at-once.ts'
import { tellSentOn } from '../http/sent-on.ts'
import { type Passes, isReplaced } from './passed-fields.ts'

/** How the request is rewritten. */
export interface HeadRules {
  readonly host: string
  readonly forwarded: 'x-forwarded' | 'forwarded' | 'both' | 'none'
  readonly headers: ((c: Context<any, any>) => FieldsInit) | undefined
  readonly passes: Passes
  readonly via: string
}

/** Facts about the request that are known before a server is chosen. */
export interface RequestPlan {
  readonly hasContent: boolean
  /** Whether the length of the content is unknown. */
  readonly isChunked: boolean
  /** Whether the client holds its content back until it gets 100 (Continue). */
  readonly expectContinue: boolean
  /** The protocols that the client asks to change to; empty when none. */
  readonly upgrade: string
  /** Sec-WebSocket-Key, if it is ours: over HTTP/2 the client has none (RFC 8441 §5.1). */
  readonly key: string | undefined
  /** Everything between the Host field and the empty line. */
  readonly fields: string
  /** Which of the client's fields are passed on. */
  readonly passes: Passes
  /** Host as the client sent it; empty when it did not. */
  readonly host: string
}

/** @throws HttpError 413 when the declared content is too large. */
export function checkLength({ body }: Context<any, any>): void {
  if ((body.length ?? 0) > body.limit)
    throw new HttpError(413, `The request content is larger than ${body.limit} bytes`, { code: 'CONTENT_TOO_LARGE' })
}

/**
 * @param length of the content; null when it is not known.
 * @param isKept whether content has already been read, so that no client waits for permission to go on.
 * @throws TypeError when a field of `headers` cannot be sent.
 */
export function planRequest(
  c: Context<any, any>,
  rules: HeadRules,
  length: number | null,
  isKept: boolean,
): RequestPlan {
  const { headers } = c
  const connection = headers.get('connection')
  const options = connection === null ? [] : connectionOptions(connection)
  const hasContent = length !== 0
  const expectContinue = hasContent && !isKept && /^100-continue$/i.test(headers.get('expect') ?? '')
  const upgrade = upgradeOf(c, options)
  const own = rules.headers && fieldPairs(atOnce(rules.headers(c), '`headers`'))
  const given = own?.map(([name]) => foldedName(name))
  const key = /^websocket$/i.test(c.protocol) ? randomBytes(16).toString('base64') : undefined
  const passes: Passes = (name) =>
    rules.passes(name) &&
    !(key !== undefined && name === 'sec-websocket-key') &&
    !options.includes(name) &&
    !isReplaced(name, given)
  tellSentOn(c, () => ({
    headers,
    changes: (name) => !passes(name) && !(name === 'host' && rules.host === 'client'),
  }))
  let fields = endToEnd(c, passes, own) + via(c, rules.via)
  if (rules.forwarded !== 'none') fields += forwardedFields(c, rules.forwarded)
  fields += connectionFields(upgrade, headers.has('te') && hasToken(headers.get('te')!, 'trailers'))
  const isChunked = length === null
  if (isChunked) fields += 'transfer-encoding: chunked\r\n'
  else if (hasContent || isKept || headers.has('content-length')) fields += `content-length: ${length}\r\n`
  if (key !== undefined) fields += `sec-websocket-key: ${key}\r\n`
  if (expectContinue) fields += 'expect: 100-continue\r\n'
  return { hasContent, isChunked, expectContinue, upgrade, key, fields, passes, host: authorityOf(c) }
}

/** The client's fields that are passed on, and those that replace some of its own. */
function endToEnd(c: Context<any, any>, passes: Passes, own: readonly (readonly [string, string])[] = []): string {
  const hops = c.method === 'OPTIONS'
  let out = ''
  for (const [name, value] of c.headers) {
    if (!passes(name)) continue
    // RFC 9110 §7.6.2; a request with 0 has already been answered.
    if (hops && name === 'max-forwards' && /^\d+$/.test(value)) out += `max-forwards: ${String(Number(value) - 1)}\r\n`
    else out += `${name}: ${value}\r\n`
  }
  for (const [name, value] of own) out = appendField(out, name, value)
  return out
}

function via(c: Context<any, any>, name: string): string {
  const before = c.headers.get('via')
  return `via: ${before === null ? '' : `${before}, `}${c.httpVersion} ${name}\r\n`
}

/** The Connection options for our own connection to the server. */
function connectionFields(upgrade: string, trailers: boolean): string {
  if (!upgrade && !trailers) return ''
  const te = trailers ? 'te: trailers\r\n' : ''
  if (!upgrade) return `${te}connection: te\r\n`
  return `${te}upgrade: ${upgrade}\r\nconnection: upgrade${trailers ? ', te' : ''}\r\n`
}

/** The head of a request to one server, independent of the protocol. */
export interface OutgoingHead {
  readonly method: string
  readonly path: string
  readonly host: string
  readonly plan: Pick<RequestPlan, 'hasContent' | 'isChunked' | 'upgrade' | 'fields'>
}

/**
 * The head as this server gets it. The path is octet for octet as the client sent it, because `%2F` and `/`, or `%3B` and `;`, do not mean
 * the same to everybody (RFC 3986 §2.2). Only dot segments are resolved, since they could lead out of a server's base path.
 * @throws HttpError 400 when the path cannot be sent.
 */
export function headFor(c: Context<any, any>, plan: RequestPlan, rules: HeadRules, to: UpstreamAddress): OutgoingHead {
  const host =
    rules.host === 'client' ? plan.host || to.authority : rules.host === 'upstream' ? to.authority : rules.host
  const path = c.path === '*' ? '*' : `${to.basePath}${resolveDots(c.path)}${c.search}`
  return { method: c.method, path, host, plan }
}

/** The head for HTTP/1.1, as latin1. */
export function headText({ method, path, host, plan }: OutgoingHead): string {
  return `${requestLine(method, path)}host: ${host}\r\n${plan.fields}\r\n`
}

/** Fields that concern an HTTP/1.1 connection only, or prove that an upgrade was understood. */
const ofConnection: ReadonlySet<string> = new Set(['connection', 'sec-websocket-key', 'transfer-encoding', 'upgrade'])

/** The head for HTTP/2, where a WebSocket is requested with an extended CONNECT (RFC 9113 §8.3.1, RFC 8441 §4). */
export function headFields(
  { method, path, host, plan }: OutgoingHead,
  isSecure: boolean,
): (readonly [name: string, value: string])[] {
  const head: (readonly [string, string])[] = [
    [':scheme', isSecure ? 'https' : 'http'],
    [':path', path],
    [':authority', host],
  ]
  if (isWebSocket(plan.upgrade)) head.unshift([':method', 'CONNECT'], [':protocol', 'websocket'])
  else head.unshift([':method', method])
  for (const line of plan.fields.split('\r\n')) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    if (colon > 0 && !ofConnection.has(name)) head.push([name, line.slice(colon + 2)])
  }
  return head
}

/** Whether an upgrade can be an HTTP/2 stream. */
export function isWebSocket(upgrade: string): boolean {
  return upgrade.toLowerCase() === 'websocket'
}

/** h2c would turn the connection into one that nothing here can read. */
function upgradeOf(c: Context<any, any>, options: readonly string[]): string {
  if (c.httpVersion === '1.0' || !options.includes('upgrade')) return ''
  const protocols = (c.headers.get('upgrade') ?? '').split(',').map((protocol) => protocol.trim())
  return protocols.filter((protocol) => protocol !== '' && !/^h2c?$/i.test(protocol)).join(', ')
}

/** Who sent the request, as far as that is known, and the trusted proxy that told us. */
function forwardedFields(c: Context<any, any>, kind: HeadRules['forwarded']): string {
  const { address, host, protocol } = clientOf(c)
  const { address: peer } = c.peer
  const nearest = peer !== '' && peer !== address ? peer : undefined
  let out = ''
  if (kind !== 'forwarded') {
    out = `x-forwarded-for: ${address || 'unknown'}${nearest ? `, ${nearest}` : ''}\r\n`
    if (host) out += `x-forwarded-host: ${host}\r\n`
    out += `x-forwarded-proto: ${protocol}\r\n`
    if (c.base) out = appendField(out, 'x-forwarded-prefix', c.base)
  }
  if (kind === 'x-forwarded') return out
  const named = `for=${node(address)}${host ? `;host="${host}"` : ''};proto=${protocol}`
  return `${out}forwarded: ${named}${nearest ? `, for=${node(nearest)}` : ''}\r\n`
}

/** RFC 7239 §6. */
function node(address: string): string {
  if (address === '') return 'unknown'
  return isIPv6(address) ? `"[${address}]"` : address
}
