// Reads bytes for display: what the parser takes each of them for, the messages, and the first error.
import {
  BodyDecoder,
  BodyEvent,
  BodyKind,
  Expectation,
  type ParseErrorInfo,
  RequestHead,
  ResponseHead,
  decodeLatin1,
  parseErrors,
} from '@spillway/parser'
import { webSocketFailures } from '@spillway/parser/websocket'
import { isHttp2, readFrames } from './frames.ts'
import { type Marks, bodyMarks, headMarks } from './marks.ts'
import { readWebSocket } from './websocket.ts'

/** What the parser takes a range of bytes for. */
export type TokenKind =
  | 'method'
  | 'target'
  | 'version'
  | 'status'
  | 'reason'
  | 'name'
  | 'value'
  /** The value of a field that determines framing, persistence or routing. */
  | 'known'
  /** Single characters between tokens. */
  | 'mark'
  /** A line end. */
  | 'eol'
  /** The empty line that ends a head or a trailer section. */
  | 'end'
  | 'size'
  | 'extension'
  | 'data'
  /** The byte at which the error is detected. */
  | 'wrong'
  /** Bytes that are no longer read as HTTP. */
  | 'rest'
  /** A message among them, as seen by a parser that accepts the error. */
  | 'smuggled'
  // For HTTP/2 and WebSocket frames.
  | 'length'
  /** The kind of frame. */
  | 'frame'
  | 'flags'
  | 'stream'
  /** A compressed field block. */
  | 'block'
  | 'mask'
  /** Other content of a frame. */
  | 'payload'

/** `from` (inclusive) to `to` (exclusive) of the bytes that were read; every byte is in one token. */
export interface Token {
  readonly from: number
  readonly to: number
  readonly kind: TokenKind
}

/** A fact about a message, by name. */
export type Fact = readonly [name: string, value: string]

/** One message among the bytes. */
export interface Message {
  readonly from: number
  readonly to: number
  /** Its start line without its end, one character per byte. */
  readonly line: string
  readonly facts: readonly Fact[]
  /** Whether it is complete. */
  readonly complete: boolean
}

/** An error, with its position among all bytes, and in its message. */
export interface Fault extends Pick<ParseErrorInfo, 'rfc' | 'message'> {
  readonly code: string
  /** The HTTP status of the response to it; errors in frames are reported in other ways. */
  readonly status?: number
  readonly at: number
  readonly offset: number
}

/** How the parser reads some bytes. */
export interface Reading {
  readonly tokens: readonly Token[]
  readonly messages: readonly Message[]
  readonly fault?: Fault
}

export interface ReadOptions {
  /** The methods of the requests that the responses answer, in order. Default: GET. */
  readonly methods?: readonly string[]
  /** Whether HTTP ends after a request to upgrade, because the response was 101. Default: no. */
  readonly upgraded?: boolean
}

/** Reads everything: one message after another, up to the end or the first error. */
export function readBytes(bytes: Uint8Array, side: 'request' | 'response', options: ReadOptions = {}): Reading {
  if (isHttp2(bytes, side)) return readFrames(bytes, side)
  const reader = new Reader(bytes, side, options)
  while (reader.message());
  return reader.reading
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #side: 'request' | 'response'
  readonly #methods: string[]
  readonly #upgraded: boolean
  readonly #tokens: Token[] = []
  readonly #messages: Message[] = []
  #fault: Fault | undefined
  #at = 0

  constructor(bytes: Uint8Array, side: 'request' | 'response', { methods = [], upgraded = false }: ReadOptions) {
    this.#bytes = bytes
    this.#side = side
    this.#methods = [...methods]
    this.#upgraded = upgraded
  }

  get reading(): Reading {
    const fault = this.#fault
    return { tokens: this.#tokens, messages: this.#messages, ...(fault && { fault }) }
  }

  /** Reads one message; false when there is nothing to read after it. */
  message(): boolean {
    const bytes = this.#bytes
    const from = this.#at
    if (from === bytes.length) return false
    // A new one each time, so that parts of this message that have not been read are 0.
    const head = this.#side === 'request' ? new RequestHead() : new ResponseHead()
    if (head instanceof ResponseHead) head.requestMethod = this.#methods[0] ?? 'GET'
    const used = head.parse(bytes, from, bytes.length)
    const stop = used > 0 ? from + used : used === 0 ? bytes.length : from + head.errorOffset
    this.#take(headMarks(bytes, from, stop, head))
    if (used > 0) return this.#content(from, stop, head)
    this.#open(from, stop, head, [])
    return used < 0 && this.#fail(from, head.errorOffset, head.error!)
  }

  #content(from: number, start: number, head: RequestHead | ResponseHead): boolean {
    const bytes = this.#bytes
    const kind = head.bodyKind
    // An interim response is not the final one.
    if (head instanceof ResponseHead && head.status >= 200) this.#methods.shift()
    const body = new BodyDecoder()
    body.reset(kind, head.contentLength)
    const data: [number, number][] = []
    let event: BodyEvent = BodyEvent.Data
    let pos = start
    while (event === BodyEvent.Data) {
      event = body.next(bytes, pos, bytes.length)
      pos = body.pos
      if (event === BodyEvent.Data) data.push([body.dataStart, body.dataEnd])
    }
    const error = event === BodyEvent.Error
    const stop = error ? start + body.errorOffset : pos
    this.#take(bodyMarks(bytes, start, stop, data, kind))
    const facts = [...factsOf(head, kind, error), ...contentFacts(kind, data)]
    this.#open(from, stop, head, facts, event === BodyEvent.End)
    if (error) return this.#fail(from, start + body.errorOffset - from, body.error!)
    if (event !== BodyEvent.End) return false
    const leaves = head instanceof ResponseHead ? head.upgrade : head.upgrade && this.#upgraded
    if (!leaves) return true
    if (/^websocket$/i.test(head.snapshot(bytes, from).get('upgrade') ?? '')) this.#webSocket(stop)
    else this.#rest(stop)
    return false
  }

  /** Reads the rest as WebSocket frames, from the side that sent the head. */
  #webSocket(start: number): void {
    const from = this.#side === 'request' ? 'client' : 'server'
    const { tokens, messages, failure } = readWebSocket(this.#bytes, start, from)
    this.#tokens.push(...tokens)
    this.#messages.push(...messages)
    this.#at = this.#bytes.length
    if (!failure) return
    const { at, code } = failure
    const { rfc, message } = webSocketFailures[code]
    this.#fault = { code, rfc, message, at, offset: at - start }
  }

  #open(from: number, to: number, head: RequestHead | ResponseHead, facts: readonly Fact[], complete = false): false {
    const text = decodeLatin1(this.#bytes, from + head.headStart, to)
    this.#messages.push({ from, to, line: text.split('\r\n', 1)[0]!, facts, complete })
    this.#at = to
    return false
  }

  #fail(from: number, offset: number, code: keyof typeof parseErrors): false {
    const at = from + offset
    this.#fault = { ...parseErrors[code], at, offset }
    if (at < this.#bytes.length) this.#tokens.push({ from: at, to: at + 1, kind: 'wrong' })
    this.#rest(at + 1)
    return false
  }

  #rest(from: number): void {
    this.#at = this.#bytes.length
    if (from < this.#at) this.#tokens.push({ from, to: this.#at, kind: 'rest' })
  }

  #take(marks: Marks): void {
    this.#tokens.push(...marks)
  }
}

function factsOf(head: RequestHead | ResponseHead, kind: BodyKind, broken: boolean): Fact[] {
  const facts: Fact[] = [['Content', contentText(kind, head.contentLength)]]
  const kept = !broken && head.keepAlive && kind !== BodyKind.UntilClose
  facts.push(['Connection', kept ? 'may be kept for another request' : 'ends with this message'])
  if (head instanceof ResponseHead) return facts
  if (head.upgrade) facts.push(['Upgrade', 'the client would leave HTTP'])
  if (head.expectation === Expectation.Continue)
    facts.push(['Expect', 'the client waits for 100 before it sends content'])
  return facts
}

function contentText(kind: BodyKind, length: number): string {
  if (kind === BodyKind.None) return 'none'
  if (kind === BodyKind.Length) return `${length} bytes, as Content-Length says`
  return kind === BodyKind.Chunked ? 'in chunks, until an empty one' : 'until the connection ends'
}

function contentFacts(kind: BodyKind, data: readonly (readonly [number, number])[]): Fact[] {
  if (kind === BodyKind.None) return []
  const bytes = data.reduce((sum, [from, to]) => sum + to - from, 0)
  const chunks = kind === BodyKind.Chunked ? ` in ${data.length} ${data.length === 1 ? 'chunk' : 'chunks'}` : ''
  return [['Seen of it', `${bytes} bytes${chunks}`]]
}
