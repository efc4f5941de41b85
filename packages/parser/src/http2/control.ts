import { http2Faults, type Http2FaultCode } from './errors.ts'
import { widened } from './flow.ts'
import { FrameReader, read31, read32, type ErrorCode } from './frames.ts'
import { price } from './ledger.ts'
import {
  ACK,
  ENABLE_PUSH,
  FAULT,
  GO_ON,
  GOAWAY_IN,
  HEADER_TABLE_SIZE,
  PONG,
  RESET,
  SETTINGS_IN,
  WINDOW,
} from './numbers.ts'
import { parsePriority, type Priority } from './priority.ts'
import { Http2Sender } from './sender.ts'
import type { Http2Stream } from './streams.ts'

/** Most entries of one SETTINGS frame. */
const mostSettings = 32
/** A smaller WINDOW_UPDATE is charged for. */
const smallUpdate = 256

/** How a connection handles frames other than heads and content; each method returns a number of `MachineEvent`, or GO_ON. */
export abstract class Http2Control extends Http2Sender {
  /** The stream that the event is about. */
  stream: Http2Stream | undefined = undefined
  /** The error code in RST_STREAM or GOAWAY. */
  error: ErrorCode = 0
  /** What was wrong, if anything was. */
  fault: Http2FaultCode | undefined = undefined
  /** The position of the frame with the last error or refusal, in bytes from the start of the connection. */
  faultOffset: number = 0
  /** The highest of our streams that the peer will answer. */
  lastAnswered: number = Infinity
  readonly _reader: FrameReader = new FrameReader()
  _isOver: boolean = false
  _frameStart: number = 0
  /** Priorities that PRIORITY_UPDATE set for streams that have not begun. */
  readonly _priorities: Map<number, Priority> = new Map()

  /** Fails the connection. RFC 9113 §5.4.1. */
  _fail(code: Http2FaultCode): number {
    this.fault = code
    this.faultOffset = this._frameStart
    this._isOver = true
    const { error } = http2Faults[code]
    this.goaway(this.streams.lastIn, error, code)
    return FAULT
  }

  /** Fails a stream. RFC 9113 §5.4.2. */
  _failStream(stream: Http2Stream, code: Http2FaultCode): number {
    this.fault = code
    this.faultOffset = this._frameStart
    const { error } = http2Faults[code]
    this._punish(stream, error)
    this.error = error
    this.stream = stream
    return RESET
  }

  _charge(points: number): number {
    return this.ledger.charge(points) ? GO_ON : this._fail('ABUSE')
  }

  _windowUpdate(): number {
    const { bytes, start, stream: id } = this._reader
    const increment = read31(bytes, start)
    if (increment < smallUpdate && !this.ledger.charge(price.smallUpdate)) return this._fail('ABUSE')
    if (id === 0) {
      const window = widened(this.sendWindow, increment)
      if (increment === 0 || window === undefined)
        return this._fail(increment === 0 ? 'INCREMENT_ZERO' : 'WINDOW_OVERFLOW')
      this.sendWindow = window
      this.stream = undefined
      return WINDOW
    }
    const stream = this.streams.get(id)
    if (stream === undefined) return this._isIdle(id) ? this._fail('STREAM_IDLE') : GO_ON
    const window = widened(stream.sendWindow, increment)
    if (increment === 0) return this._failStream(stream, 'INCREMENT_ZERO')
    if (window === undefined) return this._failStream(stream, 'WINDOW_OVERFLOW')
    stream.sendWindow = window
    this.stream = stream
    return WINDOW
  }

  _reset(): number {
    const { bytes, start, stream: id } = this._reader
    if (!this.ledger.charge(price.reset)) return this._fail('ABUSE')
    const stream = this.streams.get(id)
    if (stream === undefined) return this._isIdle(id) ? this._fail('STREAM_IDLE') : GO_ON
    this._close(stream)
    this.stream = stream
    this.error = read32(bytes, start) as ErrorCode
    this.fault = undefined
    return RESET
  }

  /** Nobody orders by it any more (RFC 9113 §5.3.2); what never had a meaning is as wrong as it was. */
  _priority(): number {
    const { bytes, start, length, stream: id } = this._reader
    if (length === 5)
      return read31(bytes, start) === id ? this._fail('DEPENDENCY_INVALID') : this._charge(price.ignored)
    const stream = this.streams.get(id)
    return stream === undefined ? this._fail('FRAME_SIZE_INVALID') : this._failStream(stream, 'FRAME_SIZE_INVALID')
  }

  /** RFC 9218 §7.1. */
  _priorityUpdate(): number {
    const { bytes, start, end, stream: on, length } = this._reader
    if (length < 4) return this._fail('FRAME_SIZE_INVALID')
    const id = read31(bytes, start)
    if (on !== 0 || !this.isServer || id % 2 === 0) return this._fail('PRIORITY_INVALID')
    const stream = this.streams.get(id)
    let value = ''
    for (let p = start + 4; p < end; p++) value += String.fromCharCode(bytes[p]!)
    const priority = parsePriority(value)
    if (stream) this.order.move(stream, priority)
    else if (this._isIdle(id) && this._priorities.size < this.limits.streams) this._priorities.set(id, priority)
    return this._charge(price.ignored)
  }

  _settings(): number {
    const { bytes, start, end, flags, length } = this._reader
    if ((flags & ACK) !== 0) {
      if (length > 0) return this._fail('FRAME_SIZE_INVALID')
      if (this.unacknowledged > 0) this.unacknowledged--
      return this._charge(price.answered)
    }
    if (length % 6 !== 0) return this._fail('FRAME_SIZE_INVALID')
    if (length > mostSettings * 6 || !this.ledger.charge(price.answered)) return this._fail('ABUSE')
    const before = this.peer.initialWindowSize
    // In order: of entries that come twice the last one counts (RFC 9113 §6.5.3).
    for (let p = start; p < end; p += 6) {
      const id = (bytes[p]! << 8) | bytes[p + 1]!
      const fault = this.peer.take(id, read32(bytes, p + 2))
      if (fault !== undefined) return this._fail(fault)
      // Nobody pushes to a server, which has to say 0 or nothing (RFC 9113 §6.5.2).
      if (id === ENABLE_PUSH && this.peer.enablePush && !this.isServer) return this._fail('SETTING_INVALID')
      // the smallest size counts, too (RFC 7541 §4.2)
      if (id === HEADER_TABLE_SIZE) this.encoder.allow(this.peer.headerTableSize)
    }
    if (!this._moveWindows(this.peer.initialWindowSize - before)) return this._fail('WINDOW_OVERFLOW')
    this.out.settingsAck()
    return SETTINGS_IN
  }

  /** The initial window of streams has changed; that of the connection is not affected. RFC 9113 §6.9.2. */
  _moveWindows(change: number): boolean {
    if (change === 0) return true
    for (const stream of this.streams) {
      const window = widened(stream.sendWindow, change)
      if (window === undefined) return false
      stream.sendWindow = window
    }
    return true
  }

  _ping(): number {
    const { bytes, start, flags } = this._reader
    const abused = this._charge(price.answered)
    if (abused !== GO_ON) return abused
    if ((flags & ACK) !== 0) return PONG
    this.out.ping(bytes, start, ACK)
    return GO_ON
  }

  _goawayIn(): number {
    const { bytes, start, length } = this._reader
    if (length < 8) return this._fail('FRAME_SIZE_INVALID')
    this.lastAnswered = Math.min(this.lastAnswered, read31(bytes, start))
    this.error = read32(bytes, start + 4) as ErrorCode
    return GOAWAY_IN
  }

  /**
   * Whether frames may still arrive on a stream that has ended, because they were on their way when we reset it. A client may give up any
   * number of requests while their responses are on the way.
   */
  _mayFollow(id: number): boolean {
    return !this.isServer || id > this.lastAccepted || this.streams.isLingering(id)
  }

  _isIdle(id: number): boolean {
    return this.streams.isIdle(id, this._isOurs(id))
  }
}
