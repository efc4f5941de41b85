// Reads frames from bytes that may come in any pieces (RFC 6455 §5.2).
import { limitsOf } from '../limits.ts'
import { CONTROL_BYTES, CloseCode, readClose } from './close.ts'
import type { WebSocketFailure } from './failures.ts'
import { FIN, Opcode, RSV1 } from './frame-writer.ts'
import { allBits, applyMask } from './mask.ts'
import { Utf8Checker } from './utf8.ts'

/** What {@link WebSocketReader.next} found. */
export const FrameEvent = { NeedMore: 0, Data: 1, Ping: 2, Pong: 3, Close: 4, Error: 5 } as const
export type FrameEvent = (typeof FrameEvent)[keyof typeof FrameEvent]

/** The options of a {@link WebSocketReader}. */
export interface ReaderOptions {
  /** Who sends the frames. Those of a client are masked, those of a server are not (RFC 6455 §5.1). */
  readonly from: 'client' | 'server'
  /** Whether permessage-deflate was agreed on, so that messages may be compressed. Default: false. */
  readonly deflate?: boolean
  /** Largest message in bytes; compressed ones may be 1 % larger, which happens to data that cannot be compressed. */
  readonly messageBytes: number
  /** Most frames of one message. Default: 16 384. */
  readonly messageFrames?: number | undefined
}

/** Each frame costs its head and some work, however little it contains. */
const defaultFrames = 16_384
/** `messageBytes` has no default: how much a program can hold, only the program knows. */
const defaultLimits = { messageBytes: Infinity, messageFrames: defaultFrames }

/*
 * One frame (RFC 6455 §5.2), whose head may come in any pieces:
 *
 *   FIRST ──► SECOND ──126, 127──► LENGTH ──► MASK ──► CONTENT ──► FIRST
 *                └───────< 126──────────────────▲
 *                          without a mask, CONTENT follows directly
 */
const FIRST = 0
const SECOND = 1
const LENGTH = 2
const MASK = 3
const CONTENT = 4
/** After a Close or an Error. */
const ENDED = 5

/**
 * Reads the frames of one direction of a WebSocket from bytes that may come in any pieces. The content of messages is
 * given out as offsets in the caller's buffer as soon as any of it has arrived, unmasked in place. That
 * of control frames is complete. Errors are reported at the earliest byte that proves them, including text that is not UTF-8.
 * RFC 6455 §5, §7.4 and §8.1.
 */
export class WebSocketReader {
  /** Where the next call continues. */
  pos: number = 0
  /** The bytes that contain what was found: the caller's buffer, or another one for control frames that came in pieces. */
  data: Uint8Array
  /** Its position there, `dataStart` (inclusive) to `dataEnd` (exclusive). */
  dataStart: number = 0
  dataEnd: number = 0
  /** After Data: whether the message ends with this piece, which may be empty. */
  final: boolean = false
  /** After Data: whether the message is text; otherwise it is bytes. */
  isText: boolean = false
  /** After Data: whether the message is compressed. Then whoever inflates it must check that it is UTF-8. */
  isCompressed: boolean = false
  /** After Data: whether all of the message so far, as received, is ASCII. */
  isAscii: boolean = true
  /** After Close: its code; {@link CloseCode.None} when it has none. The data is the reason. */
  closeCode: number = CloseCode.None
  /** After Error: what is wrong. */
  error: WebSocketFailure | undefined = undefined
  /** Bytes read so far; after an Error, up to but not including the offending byte. */
  consumed: number = 0

  private readonly _masked: boolean
  private readonly _deflate: boolean
  private readonly _messageBytes: number
  private readonly _messageFrames: number
  private _state: number = FIRST
  private _opcode: number = 0
  private _fin: boolean = false
  /** Bytes of the length or of the mask that have not arrived. */
  private _missing: number = 0
  private _length: number = 0
  /** How the length was given: 0 in one byte, 126 or 127. */
  private _form: number = 0
  private _key: number = 0
  /** Bytes of the frame's content that have already arrived. */
  private _read: number = 0
  /** Whether a message has begun but is not complete. */
  private _open: boolean = false
  private _frames: number = 0
  private _bytes: number = 0
  private readonly _text: Utf8Checker = new Utf8Checker()
  /** The content so far of a control frame that comes in pieces. */
  private _control: Uint8Array | undefined = undefined

  /** @throws TypeError for an unknown option or sender, or a limit that is not a number; RangeError when it is not a whole number from 1 up. */
  constructor(options: ReaderOptions) {
    const { from, deflate = false, ...limits } = options
    if (from !== 'client' && from !== 'server') throw new TypeError(`from is client or server, not ${String(from)}`)
    if (limits.messageBytes === undefined) throw new TypeError('messageBytes is needed')
    const { messageBytes, messageFrames } = limitsFromOne(defaultLimits, limits)
    this._masked = from === 'client'
    this._deflate = deflate
    this._messageBytes = messageBytes
    this._messageFrames = messageFrames
    this.data = nothing
  }

  /**
   * Continues at `pos` in `buf`, whose bytes are valid up to `end` (exclusive). They are changed, because masks are removed. Use the
   * reader's own `pos` for the next call. Nothing follows a Close or an Error.
   */
  next(buf: Uint8Array, pos: number, end: number): FrameEvent {
    if (this._state === ENDED) {
      this.pos = end
      return this.error === undefined ? FrameEvent.NeedMore : FrameEvent.Error
    }
    let at = pos
    while (at < end) {
      if (this._state === CONTENT) {
        const event = this._content(buf, at, end)
        this.consumed += this.pos - at
        if (event !== FrameEvent.NeedMore) return event
        at = this.pos
      } else {
        const error = this._head(buf[at]!)
        if (error !== undefined) return this._fail(error, at)
        at++
        this.consumed++
        // A frame without content ends with its head.
        if (this._state === CONTENT && this._length === 0) {
          const event = this._content(buf, at, at)
          if (event !== FrameEvent.NeedMore) return event
        }
      }
    }
    this.pos = at
    return FrameEvent.NeedMore
  }

  /** One byte of a head. */
  private _head(byte: number): WebSocketFailure | undefined {
    switch (this._state) {
      case FIRST:
        return this._first(byte)
      case SECOND:
        return this._second(byte)
      case LENGTH:
        this._length = this._length * 256 + byte
        if (--this._missing > 0) return undefined
        return this._announced(this._length > 0xffff ? 127 : this._length > 125 ? 126 : 0)
      default:
        this._key = (this._key << 8) | byte
        if (--this._missing === 0) this._state = CONTENT
        return undefined
    }
  }

  private _first(byte: number): WebSocketFailure | undefined {
    const opcode = byte & 15
    const fin = (byte & FIN) !== 0
    const isControl = opcode >= Opcode.Close
    if ((byte & 0x30) !== 0) return 'RESERVED_BIT_SET'
    if (isControl ? opcode > Opcode.Pong : opcode > Opcode.Binary) return 'OPCODE_UNKNOWN'
    // Only the first frame of a message is marked as compressed (RFC 7692 §6).
    if ((byte & RSV1) !== 0 && (!this._deflate || isControl || opcode === Opcode.Continuation))
      return 'RESERVED_BIT_SET'
    if (isControl && !fin) return 'CONTROL_FRAGMENTED'
    this._opcode = opcode
    this._fin = fin
    this._state = SECOND
    return isControl ? undefined : this._dataFrame(opcode, (byte & RSV1) !== 0)
  }

  private _dataFrame(opcode: number, isCompressed: boolean): WebSocketFailure | undefined {
    const isNew = opcode !== Opcode.Continuation
    if (isNew === this._open) return isNew ? 'FRAGMENT_EXPECTED' : 'FRAGMENT_UNEXPECTED'
    if (isNew) {
      this._open = true
      this._frames = this._bytes = 0
      this.isText = opcode === Opcode.Text
      this.isCompressed = isCompressed
      this.isAscii = true
    }
    return ++this._frames > this._messageFrames ? 'TOO_MANY_FRAGMENTS' : undefined
  }

  private _second(byte: number): WebSocketFailure | undefined {
    const isMasked = byte >= 0x80
    const length = byte & 0x7f
    if (isMasked !== this._masked) return isMasked ? 'MASK_UNEXPECTED' : 'MASK_MISSING'
    this._read = this._key = this._form = 0
    if (length < 126) {
      this._length = length
      return this._announced(0)
    }
    if (this._opcode >= Opcode.Close) return 'CONTROL_TOO_LONG'
    this._length = 0
    this._missing = length === 126 ? 2 : 8
    this._form = length
    this._state = LENGTH
    return undefined
  }

  /** The length is known. @param shortest the shortest form in which it can be written: 0 for one byte, 126 or 127. */
  private _announced(shortest: number): WebSocketFailure | undefined {
    if (this._form !== shortest) return 'LENGTH_NOT_MINIMAL'
    // Reported before any of it has arrived, so that nobody sends what will not be accepted.
    if (this._opcode < Opcode.Close && (this._bytes += this._length) > this._most()) return 'MESSAGE_TOO_LARGE'
    this._missing = 4
    this._state = this._masked ? MASK : CONTENT
    return undefined
  }

  private _most(): number {
    return this.isCompressed ? this._messageBytes * 1.01 + 16 : this._messageBytes
  }

  /** Content of the frame, starting at `at`. */
  private _content(buf: Uint8Array, at: number, end: number): FrameEvent {
    const stop = Math.min(end, at + this._length - this._read)
    const bits = this._masked ? applyMask(buf, at, stop, this._key, this._read) : allBits(buf, at, stop)
    this._read += stop - at
    this.pos = stop
    if (this._opcode >= Opcode.Close) return this._controlPiece(buf, at, stop)
    const isLast = this._read === this._length
    if (isLast) this._state = FIRST
    this.final = isLast && this._fin
    if (bits > 0x7f) this.isAscii = false
    if (this.isText && !this.isCompressed && !this.isAscii) {
      const wrong = this._text.check(buf, at, stop)
      if (wrong !== -1) return this._fail('TEXT_NOT_UTF8', wrong)
    }
    if (this.final) {
      if (!this._text.complete) return this._fail('TEXT_NOT_UTF8', stop)
      this._open = false
    } else if (at === stop) return FrameEvent.NeedMore
    this.data = buf
    this.dataStart = at
    this.dataEnd = stop
    return FrameEvent.Data
  }

  private _controlPiece(buf: Uint8Array, at: number, stop: number): FrameEvent {
    const isLast = this._read === this._length
    this.data = buf
    this.dataStart = at
    this.dataEnd = stop
    if (!isLast || this._read > stop - at) {
      this._control ??= new Uint8Array(CONTROL_BYTES)
      this._control.set(buf.subarray(at, stop), this._read - (stop - at))
      this.data = this._control
      this.dataStart = 0
      this.dataEnd = this._read
      if (!isLast) return FrameEvent.NeedMore
    }
    this._control = undefined
    this._state = FIRST
    if (this._opcode === Opcode.Close) return this._close()
    return this._opcode === Opcode.Ping ? FrameEvent.Ping : FrameEvent.Pong
  }

  private _close(): FrameEvent {
    const status = readClose(this.data, this.dataStart, this.dataEnd)
    // Reported at the end of the frame: its content is small, and checked as a whole.
    if (typeof status !== 'number') return this._fail(status, this.pos)
    this._state = ENDED
    this.closeCode = status
    this.dataStart = Math.min(this.dataStart + 2, this.dataEnd)
    return FrameEvent.Close
  }

  private _fail(error: WebSocketFailure, at: number): FrameEvent {
    this._state = ENDED
    this.error = error
    this.pos = at
    return FrameEvent.Error
  }
}

const nothing = /* @__PURE__ */ new Uint8Array(0)

/** As {@link limitsOf}; with a limit of 0 no message could be read. @throws RangeError for 0, too. */
export function limitsFromOne<T extends object>(defaults: T, given: { readonly [K in keyof T]?: T[K] | undefined }): T {
  const all = limitsOf(defaults, given as Partial<T>)
  for (const [name, limit] of Object.entries<number>(all as Record<string, number>))
    if (limit < 1) throw new RangeError(`${name} is at least 1`)
  return all
}
