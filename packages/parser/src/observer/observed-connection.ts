// Both directions of a captured connection.
import { Connection, type ConnectionEvent, type Side } from '../connection.ts'
import { parseErrors, type ParseErrorCode } from '../errors.ts'
import type { BodyLimits, HeadLimits } from '../limits.ts'
import type { ParserEvent } from '../message-parser.ts'
import type { Observation } from './events.ts'
import { ObservingParser } from './observing-parser.ts'
import { observer, rules, type Profile } from './profiles.ts'

/** An event of one direction of an observed connection. */
export type ObservedEvent = ConnectionEvent<Observation>

/**
 * A {@link Connection} for captures: both directions are read by a profile, bytes may be missing, and what has no place on the
 * connection is reported instead of refused. A response that nobody asked for is an exchange of its own.
 *
 * ```ts
 * const connection = new ObservedConnection()
 * for (const event of connection.feed('response', bytes)) console.log(event.exchange, event.type)
 * connection.lost('response', 1460)
 * ```
 */
export class ObservedConnection extends Connection<Observation> {
  private readonly _readers: readonly [ObservingParser<'request'>, ObservingParser<'response'>]
  private readonly _readsStray: readonly [boolean, boolean]
  /** Events that come before one that has already been read. */
  private readonly _waiting: ObservedEvent[] = []

  /**
   * @param profile says what is accepted that the strict parser refuses
   * @param limits as for {@link Connection}
   * @throws {TypeError} {RangeError} as its constructor does
   */
  constructor(profile: Profile = observer, limits?: Partial<HeadLimits & BodyLimits>) {
    const readers = [
      new ObservingParser('request', profile, limits),
      new ObservingParser('response', profile, limits),
    ] as const
    super(limits, readers)
    this._readers = readers
    this._readsStray = [profile.request.includes('order'), profile.response.includes('order')]
  }

  /**
   * Bytes are missing after what was fed for this side; see {@link ObservingParser.lost}.
   *
   * @throws {TypeError} {RangeError} for an invalid side or number of bytes
   */
  lost(side: Side, bytes?: number): this {
    this._observing(side).lost(bytes)
    return this
  }

  /**
   * Continues after an error, with the next message that can be found.
   *
   * @param side by default, the side of the error; without an error, the requests
   * @throws {TypeError} for an invalid side
   */
  resync(side: Side = this._failed()): this {
    this._error = undefined
    this._observing(side).resync()
    return this
  }

  /** The side that the error is about. */
  private _failed(): Side {
    const [request, response] = this._readers
    return response.failed || (!request.failed && this._error?.code === 'UNEXPECTED_RESPONSE') ? 'response' : 'request'
  }

  override next(): IteratorResult<ObservedEvent, undefined> {
    const early = this._waiting.shift()
    if (early !== undefined) return { done: false, value: early }
    const result = super.next()
    if (this._waiting.length === 0 || result.done === true) return result
    this._waiting.push(result.value)
    return { done: false, value: this._waiting.shift()! }
  }

  protected override _readRequest(): ObservedEvent | null {
    const event = super._readRequest()
    // it comes before the request that it concerns
    return event?.type === 'deviation' && !this._inRequest ? { ...event, exchange: this._count } : event
  }

  private _observing(side: Side): ObservingParser {
    return this._parser(side) === this._request ? this._readers[0] : this._readers[1]
  }

  protected override _stray(code: ParseErrorCode, event?: ParserEvent): void {
    const side = code === 'MESSAGE_AFTER_CLOSE' ? 'request' : 'response'
    if (!this._readsStray[side === 'request' ? 0 : 1]) return super._stray(code)
    // it may be no message at all
    if (event === undefined) return
    if (side === 'response') {
      if (this._open.length === 0)
        this._open.push({ number: this._count++, method: '', asksToSwitch: false, upgrade: false })
      // nothing that the client sends from here on is HTTP
      else if (event.type === 'response' && event.upgrade) this._held ||= !this._request.partial
    }
    const { rfc, message, status } = parseErrors[code]
    const exchange = side === 'request' ? this._count : this._open[0]!.number
    const strict =
      side === 'request' ? `answers ${status} and closes the connection` : 'reads no further; a gateway answers 502'
    const { lenient } = rules.order
    this._waiting.push({
      type: 'deviation',
      at: event.at,
      offset: 0,
      code,
      rfc,
      message,
      strict,
      lenient,
      side,
      exchange,
    })
  }
}
