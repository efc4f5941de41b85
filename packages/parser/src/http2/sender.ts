// What one side of HTTP/2 sends: the frames of its streams, within the windows.
import { FrameBuffer, PREFACE, type ErrorCode } from './frames.ts'
import { ReceiveWindow } from './flow.ts'
import { HpackEncoder } from './hpack-encoder.ts'
import { Ledger, price, worth } from './ledger.ts'
import { defaultHttp2Limits, type Http2Limits } from './limits.ts'
import {
  CONTINUATION,
  DATA,
  ENABLE_CONNECT_PROTOCOL,
  ENABLE_PUSH,
  END_HEADERS,
  END_STREAM,
  FIRST_WINDOW,
  HEAD_BYTES,
  HEADERS,
  INITIAL_WINDOW_SIZE,
  LEAST_FRAME,
  MAX_CONCURRENT_STREAMS,
  MAX_HEADER_LIST_SIZE,
  MAX_31,
  NO_RFC7540_PRIORITIES,
  REFUSED_STREAM,
} from './numbers.ts'
import { limitsOf } from '../limits.ts'
import { SendOrder } from './priority.ts'
import { Settings } from './settings.ts'
import { Streams, type Http2Stream } from './streams.ts'

/** Bytes of content in a DATA frame: with its head, the frame fills one TLS record. */
const dataBytes = LEAST_FRAME - HEAD_BYTES

/** Which end of the connection a machine is. */
export type Http2Side = 'server' | 'client'

/**
 * The sending half of an HTTP/2 connection: what it writes is in {@link out}, in the order in which it has to be sent. Nothing
 * waits here: content is written as far as the windows allow, see {@link room}, and the rest stays with the caller.
 */
export class Http2Sender {
  readonly isServer: boolean
  readonly limits: Http2Limits
  /** Frames to be sent. Whoever sends them removes them, with `take` or `clear`. */
  readonly out: FrameBuffer = new FrameBuffer()
  readonly streams: Streams = new Streams()
  readonly encoder: HpackEncoder = new HpackEncoder()
  /** What the peer allows. */
  readonly peer: Settings = new Settings()
  /** Streams with content to send, if their owner puts them there. */
  readonly order: SendOrder<Http2Stream> = new SendOrder()
  readonly ledger: Ledger = new Ledger()
  /** Bytes of content that all streams together may send. */
  sendWindow: number = FIRST_WINDOW
  readonly receiveWindow: ReceiveWindow
  /** The highest stream of the peer that will still be answered; see {@link goaway}. */
  lastAccepted: number = MAX_31
  /** SETTINGS that the peer has not acknowledged. */
  unacknowledged: number = 0

  /**
   * Whether a server announces that `:protocol` may be used (RFC 8441 §3); set it before {@link start}. Default: true. Once it is
   * announced, browsers open every WebSocket this way, and try no other.
   */
  extendedConnect: boolean = true

  constructor(side: Http2Side, limits?: Partial<Http2Limits>) {
    if (side !== 'server' && side !== 'client') throw new TypeError(`The side is server or client, not ${String(side)}`)
    this.isServer = side === 'server'
    this.limits = limitsOf(defaultHttp2Limits, limits)
    this.receiveWindow = new ReceiveWindow(this.limits.connectionWindow)
  }

  /** Writes the beginning of a connection: SETTINGS, preceded by the preface for a client. RFC 9113 §3.4. */
  start(): void {
    const { out, limits } = this
    const settings = [
      INITIAL_WINDOW_SIZE,
      limits.streamWindow,
      MAX_HEADER_LIST_SIZE,
      Math.min(limits.headBytes, MAX_31),
    ]
    if (this.isServer && this.extendedConnect) settings.unshift(ENABLE_CONNECT_PROTOCOL, 1)
    if (this.isServer) settings.unshift(MAX_CONCURRENT_STREAMS, limits.streams, NO_RFC7540_PRIORITIES, 1)
    else {
      settings.unshift(ENABLE_PUSH, 0)
      out.appendText(PREFACE)
    }
    out.settings(settings)
    this.unacknowledged++
    const more = limits.connectionWindow - FIRST_WINDOW
    if (more > 0) out.windowUpdate(0, more)
  }

  // ── heads ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Begins a head: write its fields with {@link encoder} into {@link out}, and pass the result of this to {@link endHead}. */
  beginHead(): number {
    const { out } = this
    const at = out.length
    out.head(0, HEADERS, END_HEADERS, 0)
    this.encoder.begin(out)
    return at
  }

  /** Ends a head, or trailers, whose fields have been written. @param ends whether nothing follows on the stream. */
  endHead(stream: Http2Stream, at: number, ends: boolean): void {
    const { out } = this
    const length = out.length - at - HEAD_BYTES
    const { bytes } = out
    if (length > this.peer.maxFrameSize) this._split(at, length)
    else {
      bytes[at] = length >>> 16
      bytes[at + 1] = length >>> 8
      bytes[at + 2] = length
    }
    const { id } = stream
    out.bytes[at + 4]! |= ends ? END_STREAM : 0
    for (let p = at; p < out.length; p += HEAD_BYTES + lengthAt(out.bytes, p)) {
      out.bytes[p + 5] = id >>> 24
      out.bytes[p + 6] = id >>> 16
      out.bytes[p + 7] = id >>> 8
      out.bytes[p + 8] = id
    }
    if (ends) this._endOut(stream)
  }

  /** Writes a head whose block was written before, with this encoder in its present {@link HpackEncoder.generation}. */
  knownHead(stream: Http2Stream, block: Uint8Array, ends: boolean): void {
    this.out.head(block.length, HEADERS, END_HEADERS | (ends ? END_STREAM : 0), stream.id)
    this.out.append(block)
    if (ends) this._endOut(stream)
  }

  /** Splits a block that is too long for one frame, by inserting the heads of further frames. */
  _split(at: number, length: number): void {
    const { out } = this
    const { maxFrameSize } = this.peer
    const frames = Math.ceil(length / maxFrameSize)
    out.reserve((frames - 1) * HEAD_BYTES)
    const { bytes } = out
    const start = at + HEAD_BYTES
    for (let i = frames - 1; i >= 0; i--) {
      const size = Math.min(maxFrameSize, length - i * maxFrameSize)
      const from = start + i * maxFrameSize
      const to = from + i * HEAD_BYTES
      bytes.copyWithin(to, from, from + size)
      const p = to - HEAD_BYTES
      bytes[p] = size >>> 16
      bytes[p + 1] = size >>> 8
      bytes[p + 2] = size
      bytes[p + 3] = i === 0 ? HEADERS : CONTINUATION
      bytes[p + 4] = i === frames - 1 ? END_HEADERS : 0
    }
    out.length += (frames - 1) * HEAD_BYTES
  }

  /** Writes a head, or trailers. @param fields names in lower case, pseudo-fields first; values with one character per byte. */
  send(stream: Http2Stream, fields: Iterable<readonly [string, string]>, ends: boolean): void {
    const at = this.beginHead()
    for (const [name, value] of fields) this.encoder.field(this.out, name, value)
    this.endHead(stream, at, ends)
  }

  // ── content ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** How many bytes of content the next DATA frame of a stream may have. */
  room(stream: Http2Stream): number {
    const window = Math.min(stream.sendWindow, this.sendWindow)
    return window > dataBytes ? dataBytes : window
  }

  /** Writes one DATA frame, no larger than there is {@link room} for. An empty one that ends the stream needs no room. */
  data(stream: Http2Stream, content: Uint8Array, start: number, end: number, ends: boolean): void {
    this.dataHead(stream, end - start, ends)
    this.out.append(content, start, end)
  }

  /** Writes the head of a DATA frame, like {@link data}; its `size` bytes of content must be appended to {@link out} next. */
  dataHead(stream: Http2Stream, size: number, ends: boolean): void {
    // What a window has cut short brings nothing: it may be small because the peer wants it so (CVE-2019-9511).
    if (size > 0 && size < Math.min(stream.sendWindow, this.sendWindow)) this.ledger.earn(worth.content)
    stream.sendWindow -= size
    this.sendWindow -= size
    this.out.head(size, DATA, ends ? END_STREAM : 0, stream.id)
    if (ends) this._endOut(stream)
  }

  /** Content that arrived was consumed or dropped: the peer may send as much again. */
  release(stream: Http2Stream | undefined, bytes: number): void {
    if (bytes === 0) return
    this._update(0, this.receiveWindow.give(bytes))
    if (stream?.openIn) this._update(stream.id, stream.receiveWindow.give(bytes))
  }

  /** Lets the peer send more at a time, for content that is consumed as fast as it arrives. */
  widen(stream: Http2Stream, size: number): void {
    if (stream.openIn) this._update(stream.id, stream.receiveWindow.grow(size))
  }

  _update(id: number, increment: number): void {
    if (increment > 0) this.out.windowUpdate(id, increment)
  }

  // ── ends ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Ends a stream in both directions. Does nothing when it has ended. */
  reset(stream: Http2Stream, error: ErrorCode): void {
    if (!stream.openIn && !stream.openOut) return
    this.out.reset(stream.id, error)
    this.streams.linger(stream.id)
    this._close(stream)
  }

  /** Ends a request that was not processed at all: it may be sent again. RFC 9113 §8.7. */
  refuse(stream: Http2Stream): void {
    this.ledger.charge(price.refused)
    this.reset(stream, REFUSED_STREAM)
  }

  /**
   * Announces that the connection will end. Before its last GOAWAY, a server sends one with the largest number, because requests may be
   * on their way. RFC 9113 §6.8.
   *
   * @param last streams of the peer above it are dropped from now on. It never rises
   */
  goaway(last: number, error: ErrorCode, debug: string = ''): void {
    this.lastAccepted = Math.min(this.lastAccepted, last)
    this.out.goaway(this.lastAccepted, error, debug)
  }

  _endOut(stream: Http2Stream): void {
    stream.openOut = false
    this.order.remove(stream)
    if (stream.openIn) return
    if (this.isServer) this.ledger.earn(worth.request)
    this._close(stream)
  }

  _endIn(stream: Http2Stream): void {
    stream.openIn = false
    if (stream.openOut) return
    if (!this.isServer) this.ledger.earn(worth.request)
    this._close(stream)
  }

  _close(stream: Http2Stream): void {
    stream.openIn = stream.openOut = false
    this.order.remove(stream)
    this.streams.remove(stream, this._isOurs(stream.id))
  }

  _isOurs(id: number): boolean {
    return (id % 2 === 0) === this.isServer
  }

  /** Resets a stream because of what its peer did. */
  _punish(stream: Http2Stream, error: ErrorCode): void {
    this.ledger.charge(price.resetByUs)
    this.reset(stream, error)
  }
}

function lengthAt(bytes: Uint8Array, p: number): number {
  return (bytes[p]! << 16) | (bytes[p + 1]! << 8) | bytes[p + 2]!
}
