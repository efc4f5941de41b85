// An HTTP/2 connection without the socket: bytes go in, events and bytes come out.
import type { DecodeLatin1 } from '../bytes.ts'
import type { ParseErrorCode } from '../errors.ts'
import { BlockReader, KnownBlocks } from './blocks.ts'
import { Http2Content } from './content.ts'
import { http2Faults, type Http2FaultCode } from './errors.ts'
import { PREFACE, read31 } from './frames.ts'
import { awaitsResponse, readRequest, readResponse, readTrailers, type HeadFault, type Http2Request } from './heads.ts'
import type { HpackDecoder } from './hpack-decoder.ts'
import { price } from './ledger.ts'
import type { Http2Limits } from './limits.ts'
import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  GO_ON,
  GOAWAY,
  HAS_PRIORITY,
  HEAD,
  HEADERS,
  LEAST_FRAME,
  MAX_31,
  MORE,
  PADDED,
  PING,
  PRIORITY,
  PRIORITY_UPDATE,
  PUSH_PROMISE,
  REFUSED_HEAD,
  REFUSED_STREAM,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './numbers.ts'
import type { Priority } from './priority.ts'
import type { Http2Side } from './sender.ts'
import { Http2Stream } from './streams.ts'

/** What {@link Http2Machine.next} found. */
export const MachineEvent = {
  /** All bytes were read. */
  More: 0,
  /** A head has arrived: `stream` and its `head`. Nothing follows if the stream is not `openIn`. */
  Head: 1,
  /** The head of a request that HTTP does not allow: `refusal` has the status with which to answer `stream`. */
  RefusedHead: 2,
  /** Content has arrived for `stream`, from `dataStart` to `dataEnd`. Call {@link Http2Sender.release} when it has been consumed. */
  Content: 3,
  /** The content of `stream` is complete; `trailers` followed it. */
  End: 4,
  /** `stream` was reset, with `error`: by the peer, or by this side, and then `fault` says why. */
  Reset: 5,
  /** More may be sent: on `stream`, or on all streams if it is undefined. */
  Window: 6,
  /** SETTINGS arrived, and are in `peer`; they have been acknowledged. */
  Settings: 7,
  /** A PING was answered. */
  Pong: 8,
  /** The peer will begin no more streams, or answer none above `lastAnswered`; `error` says why. */
  Goaway: 9,
  /** The connection has failed: `fault` says why. GOAWAY is in `out`; nothing more is read. */
  Fault: 10,
} as const
export type MachineEvent = (typeof MachineEvent)[keyof typeof MachineEvent]

/** Frame types whose payload has a fixed size. */
const sizes: Readonly<Record<number, number>> = { [RST_STREAM]: 4, [PING]: 8, [WINDOW_UPDATE]: 4 }

// decision 045
/**
 * The rules of an HTTP/2 connection (RFC 9113), without its socket: bytes in, {@link MachineEvent}s and frames to send out. It
 * never waits, never calls back, and reads no clock. Use one for each connection:
 *
 *   for (let p = 0; (event = machine.next(chunk, p, chunk.length)) !== MachineEvent.More; p = machine.pos) …
 *   send(machine.out)
 */
export class Http2Machine extends Http2Content {
  refusal: ParseErrorCode | undefined = undefined
  /** How many heads were recognized as repetitions of earlier ones, to see how much that saves. */
  knownHeads: number = 0
  readonly _blocks: BlockReader
  readonly _known: KnownBlocks = new KnownBlocks()
  /** Bytes of the client's preface that have not arrived. */
  _prefaceLeft: number
  _blockStart: number = 0
  /** Whether the first frame has arrived. */
  _hasBegun: boolean = false
  /** Bytes before those passed last. */
  _before: number = 0

  constructor(side: Http2Side, limits?: Partial<Http2Limits>, decode?: DecodeLatin1) {
    super(side, limits)
    this._prefaceLeft = this.isServer ? PREFACE.length : 0
    this._blocks = new BlockReader(decode)
  }

  /**
   * Where an incomplete field block, or an incomplete frame other than DATA, begins, counted from the start of
   * the connection; 0 when there is none.
   */
  get unfinished(): number {
    if (this._blocks.stream !== 0) return this._blockStart
    return this._reader.partial && !this._inData ? this._frameStart : 0
  }

  /** Reads on in `buf` from `pos` to `end` until something has happened. Call it again from {@link pos} until it returns More. */
  next(buf: Uint8Array, pos: number, end: number): MachineEvent {
    this.pos = pos
    const reader = this._reader
    for (;;) {
      if (this._isOver) return this._more(end, end)
      let event: number
      if (this._prefaceLeft > 0) event = this._preface(buf, end)
      else if (this._inData) event = this._content(buf, end)
      else {
        const isNew = !reader.partial
        if (isNew) this._frameStart = this._before + this.pos
        const hasHead = reader.head(buf, this.pos, end)
        this.pos = reader.pos
        if (!hasHead) return this._more(this.pos, end)
        event = reader.left === reader.length ? this._frameHead() : GO_ON
        if (event === GO_ON && !this._inData) {
          const isWhole = reader.payload(buf, this.pos, end)
          this.pos = reader.pos
          if (!isWhole) return this._more(this.pos, end)
          event = this._frame()
        }
      }
      if (event === MORE) return this._more(this.pos, end)
      if (event !== GO_ON) return event as MachineEvent
    }
  }

  _more(pos: number, end: number): MachineEvent {
    this.pos = pos
    this._before += end
    return MORE
  }

  _preface(buf: Uint8Array, end: number): number {
    while (this._prefaceLeft > 0) {
      if (this.pos === end) return MORE
      if (buf[this.pos++] !== PREFACE.charCodeAt(PREFACE.length - this._prefaceLeft--))
        return this._fail('PREFACE_INVALID')
    }
    return GO_ON
  }

  // ── frames ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The head of a frame has arrived, and may already show that something is wrong. */
  _frameHead(): number {
    const { type, stream, length, flags } = this._reader
    // The last frame may have cost more points than were left: then the end of its stream was reported first.
    if (this.ledger.points < 0) return this._fail('ABUSE')
    if (length > LEAST_FRAME) return this._fail('FRAME_TOO_LARGE')
    if (!this._hasBegun) {
      if (type !== SETTINGS || (flags & ACK) !== 0) return this._fail('SETTINGS_MISSING')
      this._hasBegun = true
    }
    const block = this._blocks.stream
    if (block !== 0 && (type !== CONTINUATION || stream !== block)) return this._fail('BLOCK_INTERRUPTED')
    return type === DATA ? this._beginData() : GO_ON
  }

  _frame(): number {
    const { type, stream, length } = this._reader
    const size = sizes[type]
    if (size !== undefined && length !== size) return this._fail('FRAME_SIZE_INVALID')
    switch (type) {
      case HEADERS:
        return stream === 0 ? this._fail('STREAM_MISSING') : this._headers()
      case CONTINUATION:
        return this._continuation()
      case WINDOW_UPDATE:
        return this._windowUpdate()
      case RST_STREAM:
        return stream === 0 ? this._fail('STREAM_MISSING') : this._reset()
      case PRIORITY:
        return stream === 0 ? this._fail('STREAM_MISSING') : this._priority()
      case PRIORITY_UPDATE:
        return this._priorityUpdate()
      case SETTINGS:
      case PING:
      case GOAWAY:
        if (stream !== 0) return this._fail('STREAM_UNEXPECTED')
        return type === SETTINGS ? this._settings() : type === PING ? this._ping() : this._goawayIn()
      case PUSH_PROMISE:
        return this._fail('PUSH_NOT_ALLOWED')
      default:
        return this._charge(price.ignored)
    }
  }

  // ── heads ──────────────────────────────────────────────────────────────────────────────────────────────────────

  _headers(): number {
    const { bytes, flags, stream: id } = this._reader
    let { start, end } = this._reader
    if ((flags & PADDED) !== 0) {
      if (start === end) return this._fail('FRAME_SIZE_INVALID')
      end -= bytes[start++]!
      if (end < start) return this._fail('PADDING_INVALID')
    }
    const prioritized = start
    if ((flags & HAS_PRIORITY) !== 0) start += 5
    if (end < start) return this._fail('FRAME_SIZE_INVALID')
    if (start > prioritized && read31(bytes, prioritized) === id) return this._fail('DEPENDENCY_INVALID')
    // Only clients begin streams: nothing that a server sends is a request (RFC 9113 §8.4).
    if (this._isIdle(id) && (this._isOurs(id) || !this.isServer)) return this._fail('STREAM_ID_INVALID')
    const ends = (flags & END_STREAM) !== 0
    if ((flags & END_HEADERS) === 0) {
      this._blockStart = this._frameStart
      const fault = this._blocks.begin(id, ends, bytes, start, end)
      return fault === undefined ? GO_ON : this._fail(fault)
    }
    return this._block(id, ends, bytes, start, end)
  }

  _continuation(): number {
    const { bytes, start, end, flags, stream: id } = this._reader
    const blocks = this._blocks
    if (blocks.stream === 0) return this._fail('CONTINUATION_UNEXPECTED')
    const isLast = (flags & END_HEADERS) !== 0
    const fault = blocks.continue(bytes, start, end, isLast)
    if (fault !== undefined) return this._fail(fault)
    if (!isLast) return GO_ON
    const block = blocks.take()
    return this._block(id, blocks.ends, block, 0, block.length)
  }

  /** A block is complete. It is decoded even if it is not used, or later ones could not be (RFC 9113 §4.3). */
  _block(id: number, ends: boolean, buf: Uint8Array, start: number, end: number): number {
    const { decoder } = this._blocks
    const { table } = decoder
    const isNew = this._isIdle(id)
    const { generation } = table
    const known = isNew ? this._known.find(buf, start, end, generation) : undefined
    if (known !== undefined) {
      this.knownHeads++
      return this._open(id, known, ends)
    }
    const fault = this._blocks.decode(buf, start, end, this.limits)
    if (fault !== undefined) return this._fail(fault)
    if (!isNew) return this._onStream(id, ends)
    const head = decoder.overflow
      ? overflowOf(decoder, this.limits)
      : readRequest(decoder.fields, this.limits, this.extendedConnect)
    if (typeof head !== 'string' && table.generation === generation) this._known.keep(buf, start, end, generation, head)
    return this._open(id, head, ends)
  }

  /** A request begins. */
  _open(id: number, head: Http2Request | HeadFault, ends: boolean): number {
    const { streams, limits } = this
    if (id > this.lastAccepted) return this._dropStream(id)
    if (streams.openIn >= limits.streams) {
      this._dropStream(id)
      this.out.reset(id, REFUSED_STREAM)
      streams.linger(id)
      return this._charge(price.refused)
    }
    const stream = new Http2Stream(id, this.peer.initialWindowSize, limits.streamWindow)
    streams.add(stream, false)
    if (ends) stream.openIn = false
    this.stream = stream
    if (typeof head === 'string') return this._refuse(stream, head)
    stream.head = head
    stream.expected = head.contentLength
    stream._isTunnel = head.method === 'CONNECT'
    if (ends && head.contentLength > 0) return this._refuse(stream, 'LENGTH_WRONG')
    stream.priority = this._priorities.size === 0 ? head.priority : this._priorityOf(id, head)
    return HEAD
  }

  /** Ignores a stream; its number counts as used. */
  _dropStream(id: number): number {
    this.streams.lastIn = id
    return GO_ON
  }

  _refuse(stream: Http2Stream, code: HeadFault): number {
    if (isFault(code)) {
      this._failStream(stream, code)
      // Nobody has been told of it.
      return GO_ON
    }
    this.ledger.charge(price.resetByUs)
    this.refusal = code
    this.faultOffset = this._frameStart
    return REFUSED_HEAD
  }

  _priorityOf(id: number, { priority }: Http2Request): Priority {
    const said = this._priorities.get(id)
    // Identifiers only increase: what was said about lower ones is no longer needed.
    for (const other of this._priorities.keys()) if (other <= id) this._priorities.delete(other)
    return said ?? priority
  }

  /** A block for a stream that has already begun: trailers, or a response. */
  _onStream(id: number, ends: boolean): number {
    const stream = this.streams.get(id)
    if (stream === undefined) return this._mayFollow(id) ? GO_ON : this._fail('STREAM_NOT_OPEN')
    if (!stream.openIn) return this._failStream(stream, 'STREAM_NOT_OPEN')
    if (!this.isServer && awaitsResponse(stream.head)) return this._response(stream, ends)
    if (stream._isTunnel) return this._failStream(stream, 'TUNNEL_INTERRUPTED')
    if (!ends) return this._failStream(stream, 'TRAILERS_INVALID')
    const { decoder } = this._blocks
    const trailers = decoder.overflow ? 'TRAILER_LIST_TOO_LARGE' : readTrailers(decoder.fields, this.limits)
    return typeof trailers === 'string' ? this._failStream(stream, trailers) : this._complete(stream, trailers)
  }

  _response(stream: Http2Stream, ends: boolean): number {
    const { decoder } = this._blocks
    const head = decoder.overflow ? overflowOf(decoder, this.limits) : readResponse(decoder.fields, this.limits)
    if (typeof head === 'string') {
      if (isFault(head)) return this._failStream(stream, head)
      this.refusal = head
      return this._failStream(stream, 'RESPONSE_INVALID')
    }
    const { status } = head
    if (status === 101 || (status < 200 && ends)) return this._failStream(stream, 'INTERIM_INVALID')
    stream.head = head
    this.stream = stream
    // If there is no content, what the head says about it refers to another response (RFC 9110 §8.6).
    const isEmpty = stream._isHead || status === 204 || status === 304
    if (status >= 300) stream._isTunnel = false
    // What a 2xx to CONNECT says of content is ignored: all that follows is that of the tunnel (RFC 9110 §9.3.6).
    if (status >= 200 && !stream._isTunnel) stream.expected = isEmpty ? 0 : head.contentLength
    if (!ends) return HEAD
    if (stream.expected > 0) return this._failStream(stream, 'LENGTH_WRONG')
    this._endIn(stream)
    return HEAD
  }

  /** Begins a request, for clients. @param fields as for `send`. @throws RangeError when no identifiers are left. */
  request(fields: readonly (readonly [string, string])[], ends: boolean): Http2Stream {
    const { streams, limits } = this
    const id = streams.lastOut === 0 ? 1 : streams.lastOut + 2
    if (id > MAX_31) throw new RangeError('The connection has no streams left')
    const stream = new Http2Stream(id, this.peer.initialWindowSize, limits.streamWindow)
    const [, method] = fields.find(([name]) => name === ':method') ?? []
    stream._isHead = method === 'HEAD'
    stream._isTunnel = method === 'CONNECT'
    streams.add(stream, true)
    this.send(stream, fields, ends)
    return stream
  }
}

function isFault(head: HeadFault): head is Http2FaultCode {
  return head in http2Faults
}

/** Too many fields, or too much of them. */
function overflowOf({ fields }: HpackDecoder, limits: Http2Limits): HeadFault {
  return fields.length > limits.fields ? 'TOO_MANY_FIELDS' : 'HEAD_TOO_LARGE'
}
