/**
 * Both directions of an HTTP/1.1 connection: which response belongs to which request, and what may come next. RFC 9112 §9.
 *
 * @module
 */
import { ParseError, type ParseErrorCode } from './errors.ts'
import type { BodyLimits, HeadLimits } from './limits.ts'
import { MessageParser, type ParserEvent } from './message-parser.ts'
import { IN_HEAD } from './states.ts'

/*
 * What each side may do, and what changes that. A request that asks for a tunnel or another protocol holds back what follows it until
 * its response says what that is.
 *
 *   request side                                         response side
 *   idle ──request──► content ──end──► idle              idle ──request──► head ──response──► content
 *                        └─end of CONNECT, Upgrade─► held  ▲                ▲ └─1xx, back to─┘   │
 *   held ──2xx to CONNECT, 101──► switched                 └─end, no other request is waiting ───┤
 *   held ──any other final answer──► idle                                   └─end, one is ───────┘
 *   idle ──its side ends, or a close was said──► closed   any ──2xx to CONNECT, 101──► switched
 *                                                         idle ──its side ends, or a close was said──► closed
 */

/** The client's direction, or the server's. */
export type Side = 'request' | 'response'

/** What a side may do next; see {@link Connection.state}. */
export type SideState = 'idle' | 'head' | 'content' | 'held' | 'switched' | 'closed'

/** An event of one direction, with the number of its exchange: 0 for the first request and its answer. */
export type ConnectionEvent<More = never> = (ParserEvent | More) & { readonly side: Side; readonly exchange: number }

interface Exchange {
  readonly number: number
  readonly method: string
  /** Whether the response may end the use of HTTP. */
  readonly asksToSwitch: boolean
  /** Whether it offers an upgrade: only then may a 101 answer it. */
  readonly upgrade: boolean
}

// decision 044
/**
 * Pairs the requests and responses of one connection, for programs that see both directions: a client or server that also feeds what it
 * sends, a proxy, a capture reader. Interim responses, HEAD, CONNECT and Upgrade are understood on both sides.
 * It is the iterator of its events, like {@link MessageParser}.
 *
 * ```ts
 * const connection = new Connection()
 * for (const event of connection.feed('request', sent)) console.log(event.exchange, event.type)
 * for (const event of connection.feed('response', received)) console.log(event.exchange, event.type)
 * if (connection.reuse === 'open') pool.push(socket)
 * ```
 */
export class Connection<More extends { readonly type: string } = never> implements IterableIterator<
  ConnectionEvent<More>
> {
  protected readonly _request: MessageParser<'request', More>
  protected readonly _response: MessageParser<'response', More>
  /** Requests that have no complete response yet. */
  protected readonly _open: Exchange[] = []
  protected _count: number = 0
  /** The current request, or the last one. */
  protected _asked: Exchange | undefined
  /** The exchange that was answered last. */
  protected _last: Exchange | undefined
  /** Whether the last event belongs to a message that has not ended. */
  protected _inRequest: boolean = false
  protected _inResponse: boolean = false
  protected _held: boolean = false
  protected _switched: boolean = false
  /** Whether this side has said that this is the last exchange. */
  protected _requestClosed: boolean = false
  protected _closing: boolean = false
  protected _ended: boolean = false
  protected _interim: boolean = false
  protected _error: ParseError | undefined

  /**
   * @param limits as those of {@link MessageParser}, for both directions
   * @param readers of both directions, for classes that extend this one
   */
  constructor(
    limits?: Partial<HeadLimits & BodyLimits>,
    readers?: readonly [MessageParser<'request', More>, MessageParser<'response', More>],
  ) {
    this._request = readers?.[0] ?? new MessageParser('request', limits)
    this._response = readers?.[1] ?? new MessageParser('response', limits)
  }

  /**
   * Takes bytes of one direction. Iterate over what it returns, the connection itself. Feed what was sent before what answers it.
   *
   * @throws {TypeError} {Error} as {@link MessageParser.feed}
   * @throws {ParseError} after one, again. The iteration throws the first: those of both directions; UNEXPECTED_RESPONSE for a
   *   response that nobody asked for, or a 101 that was not offered; MESSAGE_AFTER_CLOSE for a request after the last one
   */
  feed(side: Side, bytes: Uint8Array): this {
    if (this._error !== undefined) throw this._error
    this._parser(side).feed(bytes)
    return this
  }

  /**
   * One side has ended. Iterate over what it returns when it is the response side.
   *
   * @throws {ParseError} as {@link MessageParser.end}: for a message that was cut, or a response that never came
   */
  end(side: Side): this {
    this._ended = true
    this._parser(side).end()
    return this
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<ConnectionEvent<More>, undefined> {
    if (this._error !== undefined) throw this._error
    try {
      const event = this._readRequest() ?? this._readResponse() ?? this._readRequest()
      return event === null ? { done: true, value: undefined } : { done: false, value: event }
    } catch (error) {
      if (error instanceof ParseError) this._error = error
      throw error
    }
  }

  /**
   * What a side may do next. Request side: `idle` a request may begin, `content` one has begun, `held` what follows the last request
   * waits for its response. Response side: `idle` nothing has been asked, `head` a response is due, interim or final, `content` one has
   * begun. Both: `switched` the bytes are no longer HTTP, `closed` no further message may come.
   */
  state(side: Side): SideState {
    if (this._error !== undefined) return 'closed'
    if (this._switched) return 'switched'
    if (side === 'request') {
      if (this._held) return 'held'
      return this._request.partial ? 'content' : this._requestClosed || this._closing || this._ended ? 'closed' : 'idle'
    }
    if (this._response.partial) return 'content'
    return this._open.length > 0 ? 'head' : this._closing || this._requestClosed || this._ended ? 'closed' : 'idle'
  }

  /**
   * Whether the connection may be used for another request, or why not: `busy` an exchange is not over, `closing` one side has said
   * that it is the last, or a response goes on until the end, `ended` a side has ended, `switched` it is no longer HTTP, `broken` an
   * error occurred, or bytes that belong to nothing. RFC 9112 §9.3.
   */
  get reuse(): 'open' | 'busy' | 'closing' | 'ended' | 'switched' | 'broken' {
    const isIdle = this._open.length === 0
    if (this._error !== undefined || (isIdle && !this._switched && this._response._left > 0)) return 'broken'
    if (this._switched) return 'switched'
    if (this._ended) return 'ended'
    if (this._closing || this._requestClosed) return 'closing'
    return isIdle && !this._request.partial ? 'open' : 'busy'
  }

  /** The methods of the requests that have no complete response, in order. */
  get outstanding(): readonly string[] {
    return this._open.map(({ method }) => method)
  }

  /** A message that has no place here is about to come, or has come. */
  protected _stray(code: ParseErrorCode, _event?: ParserEvent): void {
    throw new ParseError(code, 0)
  }

  protected _parser(side: Side): MessageParser<Side, More> {
    if (side !== 'request' && side !== 'response') throw new TypeError(`There is no side ${String(side)}`)
    return side === 'request' ? this._request : this._response
  }

  protected _readRequest(): ConnectionEvent<More> | null {
    if (this._held) return null
    const parser = this._request
    const isOver = this._requestClosed && !this._inRequest && !this._switched
    if (isOver && parser._left > 0) this._stray('MESSAGE_AFTER_CLOSE')
    const event = parser._pull() as ParserEvent<'request'> | null
    if (event === null) return null
    if (event.type === 'end') this._inRequest = false
    if (event.type === 'request') {
      this._inRequest = true
      if (isOver) this._stray('MESSAGE_AFTER_CLOSE', event)
      const { method } = event.head
      const { upgrade } = event
      this._asked = { number: this._count++, method, upgrade, asksToSwitch: upgrade || method === 'CONNECT' }
      this._open.push(this._asked)
      this._response.expect(method)
      this._requestClosed = !event.keepAlive
    }
    const asked = this._asked
    if (event.type === 'end' && asked!.asksToSwitch) {
      // the answer may have come before the request was complete
      this._held = this._open.includes(asked!)
      if (this._switched) parser.stop()
      else parser._phase = IN_HEAD
    }
    return placed<More>(event, 'request', asked)
  }

  protected _readResponse(): ConnectionEvent<More> | null {
    const parser = this._response
    const isOver = (this._open.length === 0 || this._closing) && !this._inResponse && !this._switched
    if (isOver && parser._left > 0) this._stray('UNEXPECTED_RESPONSE')
    const event = parser._pull() as ParserEvent<'response'> | null
    if (event === null) return null
    if (event.type === 'end') this._inResponse = false
    if (event.type === 'response') {
      this._inResponse = true
      const { status } = event.head
      if (isOver || (event.upgrade && this._open[0]?.upgrade !== true)) this._stray('UNEXPECTED_RESPONSE', event)
      this._interim = status < 200 && !event.upgrade
      if (!this._interim && !event.keepAlive) this._closing = true
    }
    const exchange = this._open[0] ?? this._last
    if (event.type === 'end' && !this._interim) this._answered((this._last = this._open.shift()!))
    return placed<More>(event, 'response', exchange)
  }

  /** The final answer is complete. */
  protected _answered(exchange: Exchange): void {
    this._switched = this._response._isTunnel
    if (this._switched && this._held) this._request.stop()
    if (exchange === this._asked) this._held = false
  }
}

/** Adds to the event where it belongs. The event is not shared, so it is changed in place: a copy would take longer than reading it. */
function placed<More>(event: ParserEvent | More, side: Side, exchange: Exchange | undefined): ConnectionEvent<More> {
  const one = event as { -readonly [K in keyof ConnectionEvent]: ConnectionEvent[K] }
  one.side = side
  one.exchange = exchange?.number ?? 0
  return event as ConnectionEvent<More>
}
