import { BodyDecoder } from './body.ts'
import { append } from './bytes.ts'
import { ParseError } from './errors.ts'
import type { ParseErrorCode } from './errors.ts'
import type { BodyKind } from './framing.ts'
import { RequestHead } from './head.ts'
import { defaultBodyLimits, orDefaults } from './limits.ts'
import type { BodyLimits, HeadLimits } from './limits.ts'
import { ResponseHead } from './response-head.ts'
import type { HeadSnapshot, ResponseSnapshot } from './snapshot.ts'
import { BROKEN, CLOSED, HAS_DATA, IN_BODY, IN_HEAD, NEED_MORE, STOPPED } from './states.ts'

/** What {@link MessageParser} finds, in wire order: a head, its data, its end; then the next message. */
export type ParserEvent =
  | { readonly type: 'request'; readonly head: HeadSnapshot; readonly bodyKind: BodyKind; readonly keepAlive: boolean }
  | {
      readonly type: 'response'
      readonly head: ResponseSnapshot
      readonly bodyKind: BodyKind
      readonly keepAlive: boolean
    }
  /** A view of the bytes that were fed, not a copy. */
  | { readonly type: 'data'; readonly data: Uint8Array }
  /** `bytes` is the length of the whole message on the wire. */
  | { readonly type: 'end'; readonly trailers: readonly (readonly [string, string])[]; readonly bytes: number }
  /** Bytes that are no longer HTTP: behind a switch of protocols, the opening of a tunnel, or `stop`. */
  | { readonly type: 'rest'; readonly data: Uint8Array }

/**
 * Turns the bytes of one direction of a connection into messages. Made for tools: proxies, captures, mocks, tests.
 *
 * ```ts
 * const parser = new MessageParser('response')
 * for await (const chunk of socket) for (const event of parser.feed(chunk)) console.log(event)
 * for (const event of parser.end()) console.log(event)
 * ```
 */
export class MessageParser {
  private readonly _type: 'request' | 'response'
  private readonly _head: RequestHead | ResponseHead
  private readonly _body: BodyDecoder = new BodyDecoder()
  private readonly _limits: BodyLimits
  private readonly _methods: string[] = []
  private _phase: number = IN_HEAD
  /** A head that has begun in an earlier piece. */
  private _pending: Uint8Array = new Uint8Array(0)
  private _pendingLength: number = 0
  private _headBytes: number = 0
  private _kind: BodyKind = 0
  /** What follows the message in hand is no HTTP. */
  private _tunnel: boolean = false
  private _error: ParseError | null = null

  /** @param limits those that differ from the defaults, for heads and bodies together */
  constructor(kind: 'request' | 'response', limits?: Partial<HeadLimits & BodyLimits>) {
    this._type = kind
    this._head = kind === 'request' ? new RequestHead(limits) : new ResponseHead(limits)
    this._limits = orDefaults(defaultBodyLimits, limits)
  }

  /**
   * Responses are framed by what was asked (RFC 9112 §6.3): tell the method of each request in order; GET is assumed for
   * what is not told.
   */
  expect(requestMethod: string): void {
    this._methods.push(requestMethod)
  }

  /** Ends the reading of HTTP after the event in hand: all further bytes come as `rest`. */
  stop(): void {
    this._phase = STOPPED
  }

  /** Whether a message has begun and not ended. */
  get partial(): boolean {
    return this._phase === IN_BODY || this._head.partial
  }

  /**
   * Takes the next bytes. Iterate to the end, what is not iterated is not read. Data refers to `chunk`, or to a copy.
   *
   * @throws {ParseError} at the first byte that cannot be right, also on every later call; its `offset` counts from the
   *   start of the message
   */
  *feed(chunk: Uint8Array): Generator<ParserEvent, void, undefined> {
    const before = this._pendingLength
    let buf = chunk
    if (before > 0) {
      this._pending = append(this._pending, before, chunk)
      buf = this._pending.subarray(0, before + chunk.length)
    }
    this._pendingLength = 0
    let p = 0
    for (;;) {
      if (this._error !== null) throw this._error
      if (this._phase === STOPPED) {
        if (p < buf.length) yield { type: 'rest', data: buf.subarray(p) }
        return
      }
      if (this._phase === IN_HEAD) {
        const used = this._head.parse(buf, p, buf.length)
        if (used < 0) throw this._broken(this._head.error!, this._head.errorOffset)
        if (used === 0) {
          // a head that goes on is in `pending` already when it started there; otherwise views of the old one may be out
          if (p > 0 || before === 0) this._pending = append(new Uint8Array(0), 0, buf.subarray(p))
          this._pendingLength = buf.length - p
          return
        }
        const event = this._open(buf, p)
        p += used
        yield event
        continue
      }
      const event = this._body.next(buf, p, buf.length)
      p = this._body.pos
      if (event === BROKEN) throw this._broken(this._body.error!, this._headBytes + this._body.errorOffset)
      if (event === NEED_MORE) return
      if (event === HAS_DATA) yield { type: 'data', data: buf.subarray(this._body.dataStart, this._body.dataEnd) }
      else yield this._close()
    }
  }

  /**
   * The connection has ended: ends a body that goes on until then.
   *
   * @throws {ParseError} MESSAGE_INCOMPLETE when a message was cut short
   */
  *end(): Generator<ParserEvent, void, undefined> {
    if (this._error !== null) throw this._error
    const inBody = this._phase === IN_BODY
    if (inBody && this._kind === CLOSED) yield this._close()
    else if (this._phase !== STOPPED && this.partial)
      throw this._broken('MESSAGE_INCOMPLETE', inBody ? this._headBytes + this._body.consumed : this._pendingLength)
    this.stop()
  }

  private _open(buf: Uint8Array, start: number): ParserEvent {
    const { _head: head, _methods: methods } = this
    let { keepAlive } = head
    let kind: BodyKind
    if (head instanceof RequestHead) kind = head.bodyKind
    else {
      const { status } = head
      const method = methods[0] ?? 'GET'
      // an interim response is not the answer yet
      if (status >= 200) methods.shift()
      kind = head.bodyKindFor(method)
      this._tunnel = status === 101 || (method === 'CONNECT' && status >= 200 && status < 300)
      keepAlive &&= kind !== CLOSED
    }
    this._headBytes = head.headEnd
    this._phase = IN_BODY
    this._kind = kind
    this._body.reset(kind, head.contentLength, this._limits)
    return { type: this._type, head: head.snapshot(buf, start), bodyKind: kind, keepAlive } as ParserEvent
  }

  private _close(): ParserEvent {
    this._phase = this._tunnel ? STOPPED : IN_HEAD
    return { type: 'end', trailers: this._body.trailers ?? [], bytes: this._headBytes + this._body.consumed }
  }

  private _broken(code: ParseErrorCode, offset: number): ParseError {
    this._error = new ParseError(code, offset)
    return this._error
  }
}
