// Replies that are compressed as the client likes it.
import { type Context, type MaybePromise, type Reply, dropSource } from '@spillway/core'
import { type Rules, type Settled, callback, optional, readOptions, section, whole } from '@spillway/core/options'
import { hasToken, matchesTag, parseEntityTag, parseEntityTags } from '@spillway/parser/fields'
import { type Coding, type CodingLevels, codings, codingsAt } from './lib/http/codings.ts'
import { isCompressible } from './lib/http/compressible.ts'
import { EncodedBody } from './lib/compression/encoded-body.ts'
import { chooseCoding } from './lib/http/negotiate.ts'
import { addVary, changeBody, weakenTag } from './lib/http/changed-body.ts'
import { parseMediaType } from './lib/http/media-type.ts'
import { atOnce } from './lib/layers/at-once.ts'
import { after } from './lib/layers/maybe-promise.ts'
import type { Middleware } from './lib/layers/types.ts'

export type { CodingLevels } from './lib/http/codings.ts'

/** Options of {@link compression}. */
export interface CompressionOptions {
  /**
   * Fewest bytes worth compressing, where the length is known. Default: 1024, for less than that fits the packet that is
   * sent anyway. Streams are always compressed.
   */
  readonly threshold?: number
  /** How hard each coding tries. Default: as fast as gzip usually is. */
  readonly levels?: CodingLevels
  /**
   * Whether a reply is compressed: true whatever its type is, false for left as it is, undefined for as its type has it. What is
   * encoded, partial or marked `no-transform` is left in any case. Default: its type decides.
   */
  readonly filter?: (c: Context<any, any>, reply: Reply) => boolean | undefined
}

const rules: Rules<Settled<CompressionOptions, 'threshold'>> = {
  threshold: whole(1024),
  levels: optional(
    section({
      zstd: optional(whole(3, { from: 1, to: 22 })),
      br: optional(whole(4, { to: 11 })),
      gzip: optional(whole(6, { to: 9 })),
      deflate: optional(whole(6, { to: 9 })),
    }),
  ),
  filter: callback(),
}

/** What is known of how to compress. */
interface Settings {
  readonly threshold: number
  readonly codings: readonly Coding[]
  readonly filter?: CompressionOptions['filter']
}

/** Up to here content is compressed in this turn, in a quarter of a millisecond: another thread would cost more. */
const shortBytes = 8 * 1024
/** From here on content is compressed piece by piece, so that the first bytes leave early and a client that goes saves work. */
const longBytes = 1024 * 1024

/**
 * Compresses replies in what the client likes best of zstd (where Node has it), brotli, gzip and deflate; of what it likes
 * equally, in this order (RFC 9110 §12.5.3). Streams are compressed as they come: every piece is sent when it is there,
 * server-sent events too. `Vary` is set, a strong `ETag` is weakened, and `Content-Length` is that of the new content.
 *
 * Left as they are: replies without content, 206, already encoded, with `Cache-Control: no-transform`, short ones, and types
 * that do not get shorter. A client that refuses content as it is (`identity;q=0`) gets the last two compressed. The reply
 * to HEAD has the fields of the one to GET, without the length, and nothing is compressed for it.
 * @throws RangeError for a level that a coding does not have.
 */
export function compression(options: CompressionOptions = {}): Middleware {
  const { levels, ...known } = readOptions(rules, options)
  const settings: Settings = { ...known, codings: levels === undefined ? codings : codingsAt(levels) }
  return (c, next) => after(next(), (reply) => compress(c, reply, settings))
}

function compress(c: Context<any, any>, reply: Reply, settings: Settings): MaybePromise<Reply> {
  if (reply.status === 304) return nameVersion(c, reply)
  if (!mayChange(c.method, reply)) return reply
  const wanted = settings.filter && atOnce(settings.filter(c, reply), '`filter`')
  if (wanted === false) return reply
  const worthwhile = isWorthwhile(reply, settings.threshold, wanted)
  const { coding, required } = chooseCoding(c.headers.get('accept-encoding'), settings.codings)
  if (!worthwhile && !required) return reply
  addVary(reply, 'Accept-Encoding')
  if (!coding) return reply
  return c.method === 'HEAD' ? describe(reply, coding) : encode(c, reply, coding)
}

/**
 * A 304 tells which version the client may go on with, by the tag that this one has (RFC 9110 §15.4.5). Whoever holds the
 * compressed content knows the weak form of the tag only, and a cache finds nothing by the strong one (RFC 9111 §4.3.4).
 */
function nameVersion(c: Context<any, any>, reply: Reply): Reply {
  const tag = parseEntityTag(reply.headers.get('ETag') ?? '')
  const held = parseEntityTags(c.headers.get('if-none-match') ?? '')
  if (tag === null || held === null || held === '*') return reply
  if (!matchesTag(tag, held, false) || matchesTag(tag, held, true)) return reply
  weakenTag(reply)
  addVary(reply, 'Accept-Encoding')
  return reply
}

/** Whether the reply has content, all of it, that nobody has encoded or forbidden to encode. */
function mayChange(method: string, { status, headers, body }: Reply): boolean {
  if (status < 200 || status === 204 || status === 205 || status === 206) return false
  if (body === '' || (body === null && !(method === 'HEAD' && headers.has('Content-Length')))) return false
  if (headers.has('Content-Range') || headers.has('Content-Encoding')) return false
  return !hasToken(headers.get('Cache-Control') ?? '', 'no-transform')
}

function isWorthwhile({ headers, body }: Reply, threshold: number, wanted: boolean | undefined): boolean {
  const type = parseMediaType(headers.get('Content-Type') ?? '')
  if (!wanted && (type === null || !isCompressible(type.essence))) return false
  const length = headers.get('Content-Length') ?? knownLength(body)
  return length === undefined || Number(length) >= threshold
}

function knownLength(body: Reply['body']): number | undefined {
  return typeof body === 'string' ? Buffer.byteLength(body) : body instanceof Uint8Array ? body.length : undefined
}

function encode(c: Context<any, any>, reply: Reply, coding: Coding): MaybePromise<Reply> {
  const { body } = reply
  const bytes = typeof body === 'string' ? Buffer.from(body) : body instanceof Uint8Array ? body : undefined
  if (!bytes || bytes.length > longBytes) return encodeStream(c, reply, coding)
  if (bytes.length <= shortBytes) return finish(reply, coding, coding.short(bytes))
  return coding.whole(bytes).then((encoded) => finish(reply, coding, encoded))
}

function encodeStream(c: Context<any, any>, reply: Reply, coding: Coding): Reply {
  const encoded = new EncodedBody(reply.body, coding.stream())
  // Whatever becomes of the reply: middleware further out may replace it, and nobody would read it to its end.
  c.done(() => dropSource(encoded, undefined))
  return finish(reply, coding, encoded)
}

/** The head that GET would have, but for a length that nobody knows without the work (RFC 9110 §9.3.2). */
function describe(reply: Reply, coding: Coding): Reply {
  dropSource(reply.body, undefined)
  return finish(reply, coding, new ReadableStream())
}

function finish(reply: Reply, coding: Coding, body: Reply['body']): Reply {
  changeBody(reply, body)
  reply.headers.set('Content-Encoding', coding.name)
  return reply
}
