// What each byte of a head or of content is.
import { BodyKind, RequestHead, type ResponseHead } from '@spillway/parser'
import type { Token, TokenKind } from './tokens.ts'

const [LF, CR, SP, TAB, COLON] = [10, 13, 32, 9, 58]

/** Fields that determine framing, persistence and routing. */
const known = /^(?:host|content-length|transfer-encoding|connection|upgrade|expect|keep-alive|trailer)$/i

/** Tokens in the order of the bytes, without gaps. */
export class Marks implements Iterable<Token> {
  readonly #tokens: Token[] = []
  /** Where the next token begins. */
  at: number
  readonly #stop: number

  constructor(from: number, stop: number) {
    this.at = from
    this.#stop = stop
  }

  [Symbol.iterator](): Iterator<Token> {
    return this.#tokens[Symbol.iterator]()
  }

  /** Makes everything up to `to` one token, unless there is nothing. */
  until(to: number, kind: TokenKind): void {
    const end = Math.min(to, this.#stop)
    if (end <= this.at) return
    this.#tokens.push({ from: this.at, to: end, kind })
    this.at = end
  }
}

/**
 * What each byte of a head is: from the offsets that the parser recorded for complete tokens, and from what it expects where
 * the bytes end, or go wrong, in the middle of one.
 */
export function headMarks(bytes: Uint8Array, base: number, stop: number, head: RequestHead | ResponseHead): Marks {
  const marks = new Marks(base, stop)
  marks.until(base + head.headStart, 'eol')
  if (head instanceof RequestHead) requestLine(marks, base, stop, head)
  else statusLine(marks, base, stop, head)
  fields(marks, bytes, base, stop, head)
  marks.until(stop, 'end')
  return marks
}

function requestLine(marks: Marks, base: number, stop: number, head: RequestHead): void {
  marks.until(head.methodEnd > 0 ? base + head.methodEnd : stop, 'method')
  marks.until(marks.at + 1, 'mark')
  marks.until(head.targetEnd > 0 ? base + head.targetEnd : stop, 'target')
  marks.until(marks.at + 1, 'mark')
  marks.until(base + head.versionStart + 8, 'version')
  marks.until(marks.at + 2, 'eol')
}

function statusLine(marks: Marks, base: number, stop: number, head: ResponseHead): void {
  marks.until(base + 8, 'version')
  marks.until(marks.at + 1, 'mark')
  marks.until(marks.at + 3, 'status')
  marks.until(marks.at + 1, 'mark')
  marks.until(head.reasonEnd > 0 ? base + head.reasonEnd : stop, 'reason')
  marks.until(marks.at + 2, 'eol')
}

/** The field lines: complete ones have their spans, the last one may have only begun. */
function fields(marks: Marks, bytes: Uint8Array, base: number, stop: number, head: RequestHead | ResponseHead): void {
  for (let i = 0; i < head.fieldCount && marks.at < stop; i++) {
    const [, nameEnd = 0, from = 0, to = 0] = head.spans.subarray(i * 4, i * 4 + 4)
    const name = text(bytes, marks.at, base + nameEnd)
    marks.until(base + nameEnd, 'name')
    marks.until(base + from, 'mark')
    marks.until(base + to, known.test(name) ? 'known' : 'value')
    // Whitespace may follow the value.
    marks.until(endOfLine(bytes, marks.at, stop), 'mark')
    marks.until(marks.at + 2, 'eol')
  }
  if (marks.at >= stop || bytes[marks.at] === CR) return
  unfinished(marks, bytes, stop)
}

/** A line `name: value` that continues beyond the available bytes. */
function unfinished(marks: Marks, bytes: Uint8Array, stop: number): void {
  const colon = bytes.subarray(marks.at, stop).indexOf(COLON)
  if (colon < 0) return marks.until(stop, 'name')
  const name = text(bytes, marks.at, marks.at + colon)
  marks.until(marks.at + colon, 'name')
  let value = marks.at + 1
  while (value < stop && (bytes[value] === SP || bytes[value] === TAB)) value++
  marks.until(value, 'mark')
  marks.until(endOfLine(bytes, marks.at, stop), known.test(name) ? 'known' : 'value')
  marks.until(stop, 'eol')
}

/** What each byte of the content is: data where the parser found it, and framing in between. */
export function bodyMarks(
  bytes: Uint8Array,
  start: number,
  stop: number,
  data: readonly (readonly [from: number, to: number])[],
  kind: BodyKind,
): Marks {
  const marks = new Marks(start, stop)
  for (const [from, to] of data) {
    if (kind === BodyKind.Chunked) frame(marks, bytes, from)
    marks.until(to, 'data')
  }
  if (kind === BodyKind.Chunked) frame(marks, bytes, stop)
  return marks
}

/** Framing up to `stop`: the end of the previous chunk, a size, its extension; after the last size, the trailer section. */
function frame(marks: Marks, bytes: Uint8Array, stop: number): void {
  let chunkEnd = marks.at
  while (chunkEnd < stop && (bytes[chunkEnd] === CR || bytes[chunkEnd] === LF)) chunkEnd++
  marks.until(chunkEnd, 'eol')
  const size = marks.at
  let sizeEnd = size
  while (sizeEnd < stop && isHex(bytes[sizeEnd]!)) sizeEnd++
  marks.until(sizeEnd, 'size')
  const zero = marks.at > size && bytes.subarray(size, marks.at).every((byte) => byte === 0x30)
  marks.until(endOfLine(bytes, marks.at, stop), 'extension')
  marks.until(Math.min(stop, marks.at + 2), 'eol')
  if (!zero) return
  while (marks.at < stop && bytes[marks.at] !== CR) {
    unfinished(marks, bytes, endOfLine(bytes, marks.at, stop))
    marks.until(Math.min(stop, marks.at + 2), 'eol')
  }
  marks.until(stop, 'end')
}

function endOfLine(bytes: Uint8Array, from: number, stop: number): number {
  const cr = bytes.subarray(from, stop).indexOf(CR)
  return cr < 0 ? stop : from + cr
}

function isHex(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 70) || (byte >= 97 && byte <= 102)
}

function text(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to))
}
