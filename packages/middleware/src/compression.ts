// Replies that are compressed as the client likes it.
import { type Context, type MaybePromise, type Reply, dropSource, weakenTag } from '@spillway/core'
import { type Rules, type Settled, callback, optional, readOptions, section, whole } from '@spillway/core/options'
import { hasToken, matchesTag, parseEntityTag, parseEntityTags } from '@spillway/parser/fields'
import { type Coding, type CodingLevels, codings, codingsAt } from './lib/http/codings.ts'
import { isCompressible } from './lib/http/compressible.ts'
import { EncodedBody } from './lib/compression/encoded-body.ts'
import { chooseCoding } from './lib/http/negotiate.ts'
import { addVary, changeBody } from './lib/http/changed-body.ts'
import { parseMediaType } from './lib/http/media-type.ts'
import { named } from './lib/layers/layer-trace.ts'
import { atOnce } from './lib/layers/at-once.ts'
import { after } from './lib/layers/maybe-promise.ts'
import type { Middleware } from './lib/layers/types.ts'

export type { CodingLevels } from './lib/http/codings.ts'

/** Options of {@link compression}. */
export interface CompressionOptions {
  /**
   * Fewest bytes worth compressing, where the length is known. Default: 1024, because less than that fits into a single packet
   * anyway. Streams are always compressed.
   */
  readonly threshold?: number
  /** How hard each coding tries. Default: about as fast as gzip usually is. */
  readonly levels?: CodingLevels
  /**
   * Whether a reply is compressed: true whatever its type, false never, undefined if its type is worth it. Content that is
   * already encoded, partial or marked `no-transform` is never compressed. Default: the type decides.
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
    } satisfies Rules<CodingLevels>),
  ),
  filter: callback(),
}

/** The resolved options. */
interface Settings {
  readonly threshold: number
  readonly codings: readonly Coding[]
  readonly filter?: CompressionOptions['filter']
}

/** Up to this size content is compressed in the same turn, within a quarter of a millisecond: another thread would cost more. */
const shortBytes = 8 * 1024
/** From this size content is compressed piece by piece, so that the first bytes leave early, and work stops when the client goes. */
const longBytes = 1024 * 1024

/**
 * Compresses replies with whichever of zstd (where Node has it), brotli, gzip and deflate the client prefers; between equal weights,
 * in this order (RFC 9110 §12.5.3). Streams are compressed as they come, including server-sent events: every piece is sent as soon as
 * it is there. `Vary` is set, a strong `ETag` is weakened, and `Content-Length` is that of the new content.
 *
 * Left unchanged: replies without content, 206, already encoded ones, those with `Cache-Control: no-transform`, short ones, and types
 * that do not get smaller. For a client that refuses unencoded content (`identity;q=0`), the last two are compressed as well. The reply
 * to HEAD has the fields of the one to GET, except the length, and nothing is compressed for it.
 * @throws RangeError for a level that a coding does not have.
 */
export function compression(options: CompressionOptions = {}): Middleware {
  const { levels, ...known } = readOptions(rules, options)
  const settings: Settings = { ...known, codings: levels === undefined ? codings : codingsAt(levels) }
  return named('compression', (c, next) => after(next(), (reply) => compress(c, reply, settings)))
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
 * A 304 says which version the client may go on using, by that version's tag (RFC 9110 §15.4.5). A client that has the
 * compressed content knows only the weak form of the tag, and a cache finds nothing under the strong one (RFC 9111 §4.3.4).
 */
function nameVersion(c: Context<any, any>, reply: Reply): Reply {
  const tag = parseEntityTag(reply.headers.get('ETag') ?? '')
  const held = parseEntityTags(c.headers.get('if-none-match') ?? '')
  if (tag === null || held === null || held === '*') return reply
  if (!matchesTag(tag, held, false) || matchesTag(tag, held, true)) return reply
  weakenTag(reply.headers)
  addVary(reply, 'Accept-Encoding')
  return reply
}

/** Whether the reply has complete content that nobody has encoded or forbidden to encode. */
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
  // Even when the reply is not sent: middleware further out may replace it, and then nobody would read it to its end.
  c.done(() => dropSource(encoded, undefined))
  return finish(reply, coding, encoded)
}

/** The head that GET would have, except for a length that is not known without doing the work (RFC 9110 §9.3.2). */
function describe(reply: Reply, coding: Coding): Reply {
  dropSource(reply.body, undefined)
  return finish(reply, coding, new ReadableStream())
}

function finish(reply: Reply, coding: Coding, body: Reply['body']): Reply {
  changeBody(reply, body)
  reply.headers.set('Content-Encoding', coding.name)
  return reply
}
