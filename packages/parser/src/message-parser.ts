// Whole messages, one after the other, for programs that want convenience: events instead of positions in a buffer.
import { BodyDecoder } from './body.ts'
import { isToken } from './bytes.ts'
import { ParseError } from './errors.ts'
import type { ParseErrorCode } from './errors.ts'
import type { BodyKind } from './framing.ts'
import { RequestHead } from './request-head.ts'
import { defaultBodyLimits, defaultHeadLimits, limitsOf, only } from './limits.ts'
import type { BodyLimits, HeadLimits } from './limits.ts'
import { ResponseHead } from './response-head.ts'
import type { HeadSnapshot, ResponseSnapshot } from './snapshot.ts'
import { BROKEN, CLOSED, HAS_DATA, NEED_MORE } from './numbers.ts'
import { IN_BODY, IN_HEAD, STOPPED } from './states.ts'

/** What comes with every head. */
interface HeadFacts {
  /** Where the head starts, counted in bytes from the first that was fed; empty lines before it do not count as part of it. */
  readonly at: number
  /** The length of the head, including its empty line. */
  readonly headBytes: number
  readonly bodyKind: BodyKind
  /** Content-Length; 0 without it. */
  readonly contentLength: number
  readonly keepAlive: boolean
  /** Whether another protocol is offered, or the protocol changes (101). */
  readonly upgrade: boolean
}

/** What {@link MessageParser} finds, in wire order: a head, its data, its end; then the next message. */
export type ParserEvent<Kind extends 'request' | 'response' = 'request' | 'response'> =
  | { readonly [K in Kind]: HeadFacts & { readonly type: K; readonly head: Snapshots[K] } }[Kind]
  /** Bytes of the content. They belong to the caller. */
  | { readonly type: 'data'; readonly at: number; readonly data: Uint8Array }
  | {
      readonly type: 'end'
      readonly at: number
      /** The length of the whole message on the wire. */
      readonly bytes: number
      readonly trailers: readonly (readonly [string, string])[]
    }
  /** Bytes that are not HTTP: after a change of protocols, the opening of a tunnel, or `stop`. */
  | { readonly type: 'rest'; readonly at: number; readonly data: Uint8Array }

interface Snapshots {
  readonly request: HeadSnapshot
  readonly response: ResponseSnapshot
}

const nothing: Uint8Array = /* @__PURE__ */ new Uint8Array(0)
/** No more room than this is allocated in advance. */
const MOST_SPARE = 65_536

// decision 043
/**
 * Turns the bytes of one direction of a connection into messages. Made for tools: proxies, captures, mocks, tests.
 *
 * ```ts
 * const parser = new MessageParser('response')
 * for await (const chunk of socket) for (const event of parser.feed(chunk)) console.log(event)
 * for (const event of parser.end()) console.log(event)
 * ```
 *
 * The parser is the iterator of its events: each is handed out once and in wire order, whoever asks. If a loop ends early, or waits for
 * something, the next one continues where it stopped. Bytes are copied when they are fed.
 */
export class MessageParser<
  Kind extends 'request' | 'response' = 'request' | 'response',
  More = never,
> implements IterableIterator<ParserEvent<Kind> | More> {
  protected readonly _type: Kind
  protected _head: RequestHead | ResponseHead
  protected _body: BodyDecoder
  protected readonly _methods: string[] = []
  /** @internal */
  _phase: number = IN_HEAD
  /** The bytes from `_pos` to `_end` have not been read. */
  protected _bytes: Uint8Array = nothing
  protected _pos: number = 0
  protected _end: number = 0
  /** How many bytes came before `_bytes`. */
  protected _before: number = 0
  /** Everything that arrived has been read as far as possible. */
  protected _dry: boolean = true
  protected _ended: boolean = false
  /** The current message: where it starts, and how long its head is. */
  protected _start: number = 0
  protected _headBytes: number = 0
  protected _kind: BodyKind = 0
  /** Whether what follows the current message is not HTTP. */
  protected _tunnel: boolean = false
  protected _error: ParseError | null = null

  /**
   * @param limits those that differ from the defaults, for heads and bodies together
   * @throws {TypeError} for an invalid kind, an unknown name, or a value that is not a number
   * @throws {RangeError} for a limit that is neither a whole number from 0 up nor Infinity
   */
  constructor(kind: Kind, limits?: Partial<HeadLimits & BodyLimits>) {
    if (kind !== 'request' && kind !== 'response') throw new TypeError(`The kind is request or response, not ${kind}`)
    const all = limitsOf({ ...defaultHeadLimits, ...defaultBodyLimits }, limits)
    const forHead = only(defaultHeadLimits, all)
    this._type = kind
    this._head = kind === 'request' ? new RequestHead(forHead) : new ResponseHead(forHead)
    this._body = new BodyDecoder(only(defaultBodyLimits, all))
  }

  /**
   * The framing of a response depends on the request (RFC 9112 §6.3): report the method of each request in order. GET is assumed for
   * requests that are not reported.
   *
   * @throws {TypeError} for an invalid method
   */
  expect(requestMethod: string): void {
    if (!isToken(requestMethod)) throw new TypeError('Invalid method')
    this._methods.push(requestMethod)
  }

  /** Stops reading HTTP after the current event: all further bytes come as `rest`. */
  stop(): void {
    this._phase = STOPPED
  }

  /** Whether a message has begun but not ended. */
  get partial(): boolean {
    return this._phase === IN_BODY || this._head.partial
  }

  /** How many bytes have been read: the position of the next event, or of the offending byte. */
  get position(): number {
    return this._before + this._pos
  }

  /** A copy of what was fed and has not been read: the beginning of a head; after an error, the offending byte and all that follows. */
  get unread(): Uint8Array {
    return this._bytes.slice(this._pos, this._end)
  }

  /**
   * Takes the next bytes, which are copied. Iterate over what it returns, the parser itself.
   *
   * @throws {TypeError} for anything that is not a `Uint8Array`
   * @throws {ParseError} after one, again. The iteration throws at the first byte that cannot be right, after the events before
   *   it; the error's `offset` counts from the start of the message
   * @throws {Error} after `end`
   */
  feed(bytes: Uint8Array): this {
    if (!(bytes instanceof Uint8Array))
      throw new TypeError(`feed takes a Uint8Array, not ${(bytes as object | undefined)?.constructor.name}`)
    if (this._error !== null) throw this._error
    if (this._ended) throw new Error('feed after end')
    this._dry = false
    this._add(bytes)
    return this
  }

  /**
   * The connection has ended: this ends a body that goes on until then. Iterate over what it returns to get the last event.
   *
   * @throws {ParseError} MESSAGE_INCOMPLETE when a message was cut short, RESPONSE_MISSING when an expected response never
   *   came; if not everything that was fed has been read, the iteration throws it
   */
  end(): this {
    this._ended = true
    if (this._error !== null) throw this._error
    if (this._dry && this._kind !== CLOSED) this._cut()
    return this
  }

  [Symbol.iterator](): this {
    return this
  }

  /** The next event, as requested by an iteration. */
  next(): IteratorResult<ParserEvent<Kind> | More, undefined> {
    const event = this._pull()
    return event === null ? { done: true, value: undefined } : { done: false, value: event as ParserEvent<Kind> | More }
  }

  /** How many bytes have not been read. @internal */
  get _left(): number {
    return this._end - this._pos
  }

  /** Whether what follows the last message is not HTTP. @internal */
  get _isTunnel(): boolean {
    return this._phase === STOPPED
  }

  /** The next event, or null when more bytes are needed. @internal */
  _pull(): ParserEvent | More | null {
    for (;;) {
      if (this._error !== null) throw this._error
      const { _bytes: buf, _pos: from, _end: end } = this
      if (this._phase === STOPPED) {
        if (from === end) return this._wait()
        this._pos = end
        return { type: 'rest', at: this._before + from, data: this._own(from, end) }
      }
      if (this._phase === IN_HEAD) {
        if (this._head instanceof ResponseHead) this._head.requestMethod = this._methods[0] ?? 'GET'
        const used = this._head.parse(buf, from, end)
        if (used === 0) return this._wait()
        if (used < 0) this._fail(this._head.error!, this._head.errorOffset, this._head.errorOffset)
        return this._open(buf, from)
      }
      const body = this._body
      const event = body.next(buf, from, end)
      this._pos = body.pos
      if (event === BROKEN) this._fail(body.error!, this._headBytes + body.errorOffset, 0)
      if (event === HAS_DATA)
        return { type: 'data', at: this._before + body.dataStart, data: this._own(body.dataStart, body.dataEnd) }
      if (event !== NEED_MORE) return this._close()
      if (this._ended && this._kind === CLOSED) return this._close()
      return this._wait()
    }
  }

  protected _open(buf: Uint8Array, start: number): ParserEvent {
    const { _head: head } = this
    const { bodyKind: kind, contentLength, upgrade, headStart, headEnd } = head
    const keepAlive = head.keepAlive && kind !== CLOSED
    if (head instanceof RequestHead) this._tunnel = head.method === 'CONNECT'
    else {
      const { status } = head
      this._tunnel = upgrade || (head.requestMethod === 'CONNECT' && status >= 200 && status < 300)
      // an interim response is not the final one
      if (status >= 200 || upgrade) this._methods.shift()
    }
    const at = this._before + start + headStart
    this._start = at - headStart
    this._pos = start + headEnd
    this._headBytes = headEnd
    this._phase = IN_BODY
    this._kind = kind
    this._body.reset(kind, contentLength)
    const facts = { at, headBytes: headEnd - headStart, bodyKind: kind, contentLength, keepAlive, upgrade }
    return { type: this._type, head: head.snapshot(buf, start), ...facts } as ParserEvent
  }

  protected _close(): ParserEvent {
    this._phase = this._tunnel ? STOPPED : IN_HEAD
    this._kind = 0
    return { type: 'end', at: this.position, trailers: this._body.trailers ?? [], bytes: this.position - this._start }
  }

  /** Everything has been read. Only an incomplete head is kept. */
  protected _wait(): null {
    const left = this._end - this._pos
    if (this._ended) this._cut()
    else if (left * 2 < this._bytes.length) this._move(left)
    this._dry = true
    return null
  }

  /** Throws if the connection must not end here. */
  protected _cut(): void {
    const waits = this._phase === STOPPED ? 0 : this._end - this._pos
    const inBody = this._phase === IN_BODY
    if (inBody || (waits > 0 && this._head.partial))
      this._fail('MESSAGE_INCOMPLETE', inBody ? this.position - this._start : waits, waits)
    if (this._methods.length > 0) this._fail('RESPONSE_MISSING', 0, 0)
    // empty lines are not a message
    this._pos = this._end
    this.stop()
  }

  protected _add(bytes: Uint8Array): void {
    const end = this._end + bytes.length
    const left = end - this._pos
    if (end > this._bytes.length) this._move(left === bytes.length ? left : left + Math.min(left, MOST_SPARE))
    this._bytes.set(bytes, this._end)
    this._end += bytes.length
  }

  /** Moves what has not been read to an array of this length. */
  protected _move(length: number): void {
    const kept = this._bytes.subarray(this._pos, this._end)
    this._bytes = length === 0 ? nothing : new Uint8Array(length)
    this._bytes.set(kept)
    this._before += this._pos
    this._pos = 0
    this._end = kept.length
  }

  /** Bytes to hand out. A small part is copied, so that it does not keep all of the bytes in memory. */
  protected _own(from: number, to: number): Uint8Array {
    const part = this._bytes.subarray(from, to)
    return part.length * 2 < this._bytes.length ? part.slice() : part
  }

  /** @param read how many bytes before the offending one have not been counted as read yet */
  protected _fail(code: ParseErrorCode, offset: number, read: number): never {
    this._pos += read
    this._error = new ParseError(code, offset)
    throw this._error
  }
}
