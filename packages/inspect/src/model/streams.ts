// Finds the exchanges in the frames of an HTTP/2 connection, as far as they were kept.
import { FrameReader, FrameType, HpackDecoder, PREFACE } from '@spillway/parser/http2'
import { END_HEADERS, END_STREAM, HAS_PRIORITY, PADDED, headBytes } from './frame-flags.ts'
import { isHttp2 } from './frames.ts'
import { type Told, type ToldExchange, exchangesOf, joined } from './messages.ts'
import type { Segment } from './tape.ts'

type Fields = readonly (readonly [name: string, value: string])[]

/** Finds the exchanges of a connection, whichever version of HTTP it speaks. */
export function exchangesIn(segments: readonly Segment[], decode: (base64: string) => Uint8Array): ToldExchange[] {
  return streamsOf(segments, decode) ?? segments.flatMap((segment) => exchangesOf(segment, decode))
}

interface Half {
  head: Fields | undefined
  trailers: Fields
  readonly content: Uint8Array[]
  ended: boolean
}

/**
 * Finds the exchanges of an HTTP/2 connection. Decoding its fields depends on all earlier field blocks (HPACK), so it needs the
 * bytes from the first one on; after a gap, nothing can be decoded.
 * @returns undefined when the connection does not begin like HTTP/2, or its beginning was not kept.
 */
function streamsOf(segments: readonly Segment[], decode: (base64: string) => Uint8Array): ToldExchange[] | undefined {
  const received = known(segments, 'in', decode)
  if (segments[0]?.first !== 1 || !isHttp2(received, 'request')) return undefined
  const requests = halvesOf(received, PREFACE.length)
  const responses = halvesOf(known(segments, 'out', decode), 0)
  return [...requests].map(([stream, half], i) => {
    const answer = responses.get(stream)
    return {
      exchange: i + 1,
      request: told(half, requestLine),
      ...(answer?.head && { response: told(answer, statusLine) }),
    }
  })
}

/** The bytes of one direction, up to the first one that was not kept. */
function known(segments: readonly Segment[], way: 'in' | 'out', decode: (base64: string) => Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = []
  for (const segment of segments) {
    const piece = decode(segment[way])
    pieces.push(piece)
    if (piece.length < segment.total[way] || segment.gap) break
  }
  return joined(pieces)
}

/** What each stream carried in one direction, in the order in which the streams began. */
function halvesOf(bytes: Uint8Array, from: number): Map<number, Half> {
  const reader = new FrameReader()
  const hpack = new HpackDecoder()
  const halves = new Map<number, Half>()
  let block: Uint8Array[] = []
  for (let at = from; at + headBytes <= bytes.length;) {
    if (!reader.next(bytes, at, bytes.length)) break
    const { type, flags, stream, length } = reader
    const isHead = type === FrameType.Headers
    let [start, end] = [at + headBytes, at + headBytes + length]
    at = end
    if (!isHead && type !== FrameType.Continuation && type !== FrameType.Data) continue
    let half = halves.get(stream)
    if (!half) halves.set(stream, (half = { head: undefined, trailers: [], content: [], ended: false }))
    if (type !== FrameType.Continuation && (flags & PADDED) !== 0) end -= bytes[start++]!
    if (isHead && (flags & HAS_PRIORITY) !== 0) start += 5
    if (type !== FrameType.Continuation && (flags & END_STREAM) !== 0) half.ended = true
    const part = bytes.subarray(start, Math.max(start, end))
    if (type === FrameType.Data) {
      half.content.push(part)
      continue
    }
    block.push(part)
    if ((flags & END_HEADERS) === 0) continue
    const whole = joined(block)
    block = []
    // After a block that cannot be decoded, no other can be.
    if (!hpack.decode(whole, 0, whole.length)) break
    take(
      half,
      hpack.fields.map(({ name, value }) => [name, value]),
    )
  }
  return halves
}

/** A field section: the head, perhaps replacing an interim one, or trailers. */
function take(half: Half, fields: Fields): void {
  const isInterim = half.head?.some(([name, value]) => name === ':status' && value.startsWith('1')) ?? true
  if (half.head === undefined || isInterim) half.head = fields
  else half.trailers = fields
}

function told(
  { head = [], trailers, content, ended }: Half,
  lineOf: (pseudo: (name: string) => string) => string,
): Told {
  const pseudo = (name: string): string => head.find(([one]) => one === `:${name}`)?.[1] ?? ''
  const authority = pseudo('authority')
  const fields = head.filter(([name]) => !name.startsWith(':'))
  const all: Fields = authority === '' ? fields : [['host', authority], ...fields]
  const line = lineOf(pseudo)
  const body = joined(content)
  const isFramed = all.some(([name]) => name === 'content-length' || name === 'transfer-encoding')
  const framing: Fields = body.length > 0 && !isFramed ? [['content-length', String(body.length)]] : []
  const text = [line, ...[...all, ...framing].map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n')
  return {
    line: line.replace('HTTP/1.1', 'HTTP/2'),
    fields: [...all, ...trailers],
    content: body,
    bytes: joined([Uint8Array.from(text, (c) => c.charCodeAt(0)), body]),
    complete: ended,
  }
}

function requestLine(pseudo: (name: string) => string): string {
  const target = pseudo('method') === 'CONNECT' && pseudo('path') === '' ? pseudo('authority') : pseudo('path')
  return `${pseudo('method')} ${target} HTTP/1.1`
}

function statusLine(pseudo: (name: string) => string): string {
  return `HTTP/1.1 ${pseudo('status')} `
}
