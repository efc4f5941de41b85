// Messages, assembled from the frames in which they came, and inflated.
import { append, decodeLatin1 } from '../bytes.ts'
import type { DecodeLatin1 } from '../bytes.ts'
import type { WebSocketFailure } from './failures.ts'
import { allBits } from './mask.ts'
import { FrameEvent, WebSocketReader, limitsFromOne } from './reader.ts'
import { decodeUtf8 } from './text.ts'
import { Utf8Checker } from './utf8.ts'

/** The result of an {@link Inflate}. */
export interface Inflated {
  readonly bytes: Uint8Array
  /** How much of the input was used, up to the end of the deflate stream, or all of it. */
  readonly used: number
}

/**
 * Inflates raw deflate (RFC 1951) from an empty window.
 * @param most bytes to produce at most
 * @param whole whether an unfinished stream is an error; otherwise, returns what it gives so far.
 */
export type Inflate = (
  deflated: Uint8Array,
  most: number,
  whole: boolean,
) => Inflated | Extract<WebSocketFailure, 'DEFLATE_INVALID' | 'MESSAGE_TOO_LARGE'>

/** The options of a {@link MessageReader}. */
export interface MessageOptions {
  /** Who sends the messages. Those of a client are masked (RFC 6455 §5.1). */
  readonly from: 'client' | 'server'
  /** Largest message in bytes, after inflation. */
  readonly messageBytes: number
  /** Most frames of one message. Default: 16 384. */
  readonly messageFrames?: number
  /** Inflates messages, if permessage-deflate was agreed on without a shared context. */
  readonly inflate?: Inflate | undefined
  /**
   * How many times their size messages may unpack to, if they are larger than half of `messageBytes` and larger than 128 KiB; deflate
   * can reach a thousand with zeros. Default: 100.
   */
  readonly inflation?: number
  /** Decodes bytes to text, one character per byte. Default: {@link decodeLatin1}. */
  readonly decodeLatin1?: DecodeLatin1
  /** Decodes UTF-8. Default: a `TextDecoder` that keeps a BOM. */
  readonly decodeUtf8?: DecodeLatin1
}

/** The end of a message that the sender leaves out (RFC 7692 §7.2.2), and an empty final block, so that the end is recognized. */
const tail = [0x00, 0x00, 0xff, 0xff, 0x03, 0x00]

/** The ratio is not limited for messages up to this size. */
const freeInflation = 128 * 1024

const utf8 = (bytes: Uint8Array, start: number, end: number): string => decodeUtf8(bytes.subarray(start, end))

/**
 * Reads whole messages of one direction of a WebSocket, from bytes that may come in any pieces, and the control frames between
 * them. A message that can no longer be valid, or is too large, fails before its last frame has arrived, even if it is
 * compressed.
 */
export class MessageReader {
  /** After Data: the message. Bytes are lent: they are a view of the caller's buffer if the message came in one piece. */
  message: string | Uint8Array = ''
  /** After Data: whether the reader no longer uses the bytes of the message, so that they may be kept. */
  ownsMessage: boolean = false
  /** After Error: what is wrong. */
  error: WebSocketFailure | undefined = undefined
  /** The frames, and the content of control frames. */
  readonly frames: WebSocketReader
  private readonly _options: MessageOptions
  private readonly _inflation: number
  /** The part of a message that has arrived so far, unchanged. */
  private _parts: Uint8Array | undefined = undefined
  private _length: number = 0
  /** A compressed message is checked when this much of it has arrived; after each check the number doubles. */
  private _lookAt: number = 1

  /** @throws TypeError for an unknown option, or a limit that is not a number; RangeError when it is not a whole number from 1 up. */
  constructor(options: MessageOptions) {
    const { from, messageBytes, messageFrames, inflate, decodeLatin1: _, decodeUtf8: __, ...limits } = options
    this._inflation = limitsFromOne({ inflation: 100 }, limits).inflation
    this._options = options
    this.frames = new WebSocketReader({ from, deflate: inflate !== undefined, messageBytes, messageFrames })
  }

  /** Where the next call continues. */
  get pos(): number {
    return this.frames.pos
  }

  /** Bytes held for an incomplete message. */
  get buffered(): number {
    return this._length
  }

  /**
   * Continues at `pos` in `buf`, whose bytes are valid up to `end` (exclusive), and are changed. Data is a whole message;
   * the other events are those of {@link WebSocketReader}.
   */
  next(buf: Uint8Array, pos: number, end: number): FrameEvent {
    const { frames } = this
    for (let at = pos; ; at = frames.pos) {
      const event = this.error === undefined ? frames.next(buf, at, end) : FrameEvent.Error
      if (event === FrameEvent.Error) this.error ??= frames.error
      if (event !== FrameEvent.Data) return event
      if (frames.final) return this._complete()
      this._keep()
      if (frames.isCompressed && this._length >= this._lookAt && !this._isGoodSoFar()) return FrameEvent.Error
    }
  }

  private _keep(): void {
    const { data, dataStart, dataEnd } = this.frames
    this._parts = append(this._parts ?? new Uint8Array(0), this._length, data.subarray(dataStart, dataEnd))
    this._length += dataEnd - dataStart
  }

  /** The message is complete. */
  private _complete(): FrameEvent {
    const { frames } = this
    let { data, dataStart: start, dataEnd: end } = frames
    this.ownsMessage = this._parts !== undefined
    if (this._parts) {
      this._keep()
      data = this._parts
      start = 0
      end = this._length
      this._parts = undefined
      this._length = 0
      this._lookAt = 1
    }
    if (frames.isCompressed) return this._inflateWhole(data.subarray(start, end))
    return this._take(data, start, end, frames.isAscii)
  }

  private _take(bytes: Uint8Array, start: number, end: number, isAscii: boolean): FrameEvent {
    const { decodeLatin1: latin1 = decodeLatin1, decodeUtf8: text = utf8 } = this._options
    if (!this.frames.isText) this.message = bytes.subarray(start, end)
    else this.message = (isAscii ? latin1 : text)(bytes, start, end)
    return FrameEvent.Data
  }

  private _inflateWhole(deflated: Uint8Array): FrameEvent {
    const input = new Uint8Array(deflated.length + tail.length)
    input.set(deflated)
    input.set(tail, deflated.length)
    const inflated = this._inflate(input, deflated.length, true)
    if (typeof inflated === 'string') return this._fail(inflated)
    const { bytes, used } = inflated
    // A final block, which few senders use, is followed by one octet (RFC 7692 §7.2.3.4) and what was appended here.
    const left = input.length - used - tail.length
    if (left > 1 || (left === 1 && deflated.at(-1) !== 0)) return this._fail('DEFLATE_INVALID')
    const isAscii = allBits(bytes, 0, bytes.length) < 0x80
    if (this.frames.isText && !isAscii && !isUtf8(bytes, true)) return this._fail('TEXT_NOT_UTF8')
    this.ownsMessage = true
    return this._take(bytes, 0, bytes.length, isAscii)
  }

  /** Checks the part of a compressed message that has arrived. */
  private _isGoodSoFar(): boolean {
    this._lookAt = this._length * 2
    const inflated = this._inflate(this._parts!.subarray(0, this._length), this._length, false)
    if (typeof inflated === 'string') this._fail(inflated)
    else if (this.frames.isText && !isUtf8(inflated.bytes, false)) this._fail('TEXT_NOT_UTF8')
    return this.error === undefined
  }

  private _inflate(input: Uint8Array, length: number, whole: boolean): Inflated | WebSocketFailure {
    const { inflate, messageBytes } = this._options
    const inflated = inflate!(input, messageBytes, whole)
    if (typeof inflated === 'string') return inflated
    const free = Math.max(messageBytes / 2, freeInflation)
    return inflated.bytes.length > Math.max(free, length * this._inflation) ? 'INFLATED_TOO_MUCH' : inflated
  }

  private _fail(error: WebSocketFailure): FrameEvent {
    this.error = error
    return FrameEvent.Error
  }
}

function isUtf8(bytes: Uint8Array, whole: boolean): boolean {
  const text = new Utf8Checker()
  return text.check(bytes, 0, bytes.length) === -1 && (text.complete || !whole)
}
