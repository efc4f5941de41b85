import { BodyDecoder, BodyEvent } from './body.ts'
import { ParseError } from './errors.ts'
import type { ParseErrorCode } from './errors.ts'
import { BodyKind } from './framing.ts'
import { RequestHead } from './head.ts'
import { defaultBodyLimits } from './limits.ts'
import type { BodyLimits, HeadLimits } from './limits.ts'
import { ResponseHead } from './response-head.ts'
import type { HeadSnapshot, ResponseSnapshot } from './snapshot.ts'

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

const IN_HEAD = 0
const IN_BODY = 1
const STOPPED = 2
const BROKEN = 3

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
  private readonly head: RequestHead | ResponseHead
  private readonly body: BodyDecoder = new BodyDecoder()
  private readonly limits: BodyLimits
  private readonly methods: string[] = []
  private phase: number = IN_HEAD
  /** A head that has begun in an earlier piece. */
  private pending: Uint8Array = new Uint8Array(0)
  private pendingLength: number = 0
  private headBytes: number = 0
  private kind: BodyKind = BodyKind.None
  /** What follows the message in hand is no HTTP. */
  private tunnel: boolean = false
  private error: ParseError | null = null

  /** @param limits those that differ from the defaults, for heads and bodies together */
  constructor(kind: 'request' | 'response', limits?: Partial<HeadLimits & BodyLimits>) {
    this.head = kind === 'request' ? new RequestHead(limits) : new ResponseHead(limits)
    this.limits = { ...defaultBodyLimits, ...limits }
  }

  /**
   * Responses are framed by what was asked (RFC 9112 §6.3): tell the method of each request in order; GET is assumed for
   * what is not told.
   */
  expect(requestMethod: string): void {
    this.methods.push(requestMethod)
  }

  /** Ends the reading of HTTP after the event in hand: all further bytes come as `rest`. */
  stop(): void {
    this.phase = STOPPED
  }

  /** Whether a message has begun and not ended. */
  get partial(): boolean {
    return this.phase === IN_BODY || this.head.partial
  }

  /**
   * Takes the next bytes. Iterate to the end, what is not iterated is not read. Data refers to `chunk`, or to a copy.
   *
   * @throws {ParseError} at the first byte that cannot be right, also on every later call; its `offset` counts from the
   *   start of the message
   */
  *feed(chunk: Uint8Array): Generator<ParserEvent, void, undefined> {
    let buf = chunk
    if (this.pendingLength > 0) {
      this.keep(chunk)
      buf = this.pending.subarray(0, this.pendingLength)
    }
    let p = 0
    for (;;) {
      if (this.error !== null) throw this.error
      if (this.phase === STOPPED) {
        this.restart(buf.subarray(buf.length))
        if (p < buf.length) yield { type: 'rest', data: buf.subarray(p) }
        return
      }
      if (this.phase === IN_HEAD) {
        const used = this.head.parse(buf, p, buf.length)
        if (used < 0) throw this.broken(this.head.error!, this.head.errorOffset)
        if (used === 0) {
          // a head that goes on is in `pending` already when it started there
          if (p > 0 || this.pendingLength === 0) this.restart(buf.subarray(p))
          return
        }
        const event = this.open(buf, p)
        p += used
        yield event
        continue
      }
      const event = this.body.next(buf, p, buf.length)
      p = this.body.pos
      if (event === BodyEvent.Error) throw this.broken(this.body.error!, this.headBytes + this.body.errorOffset)
      if (event === BodyEvent.NeedMore) {
        this.restart(buf.subarray(p))
        return
      }
      if (event === BodyEvent.Data) yield { type: 'data', data: buf.subarray(this.body.dataStart, this.body.dataEnd) }
      else yield this.close()
    }
  }

  /**
   * The connection has ended: ends a body that goes on until then.
   *
   * @throws {ParseError} MESSAGE_INCOMPLETE when a message was cut short
   */
  *end(): Generator<ParserEvent, void, undefined> {
    if (this.error !== null) throw this.error
    if (this.phase === IN_BODY && this.kind === BodyKind.UntilClose) yield this.close()
    else if (this.phase !== STOPPED && this.partial) {
      throw this.broken(
        'MESSAGE_INCOMPLETE',
        this.phase === IN_BODY ? this.headBytes + this.body.consumed : this.pendingLength,
      )
    }
    this.phase = STOPPED
  }

  private open(buf: Uint8Array, start: number): ParserEvent {
    const { head } = this
    const { keepAlive } = head
    this.headBytes = head.headEnd
    this.phase = IN_BODY
    if (head instanceof RequestHead) {
      this.kind = head.bodyKind
      this.body.reset(this.kind, head.contentLength, this.limits)
      return { type: 'request', head: head.snapshot(buf, start), bodyKind: this.kind, keepAlive }
    }
    const method = this.methods[0] ?? 'GET'
    // an interim response is not the answer yet
    if (head.status >= 200) this.methods.shift()
    this.kind = head.bodyKindFor(method)
    this.body.reset(this.kind, head.contentLength, this.limits)
    this.tunnel = head.upgrade || (method === 'CONNECT' && head.status >= 200 && head.status < 300)
    return {
      type: 'response',
      head: head.snapshot(buf, start),
      bodyKind: this.kind,
      keepAlive: keepAlive && this.kind !== BodyKind.UntilClose,
    }
  }

  private close(): ParserEvent {
    this.phase = this.tunnel ? STOPPED : IN_HEAD
    return { type: 'end', trailers: this.body.trailers ?? [], bytes: this.headBytes + this.body.consumed }
  }

  private restart(rest: Uint8Array): void {
    this.pending = new Uint8Array(0)
    this.pendingLength = 0
    if (rest.length > 0) this.keep(rest)
  }

  private keep(piece: Uint8Array): void {
    const needed = this.pendingLength + piece.length
    if (needed > this.pending.length) {
      const grown = new Uint8Array(Math.max(needed, this.pending.length * 2))
      grown.set(this.pending.subarray(0, this.pendingLength))
      this.pending = grown
    }
    this.pending.set(piece, this.pendingLength)
    this.pendingLength = needed
  }

  private broken(code: ParseErrorCode, offset: number): ParseError {
    this.phase = BROKEN
    this.error = new ParseError(code, offset)
    return this.error
  }
}
