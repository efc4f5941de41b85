// Content as it arrives (RFC 9112 §7): data in chunks, of a known length, or until the connection ends.
import { checkPlaces, CR, HEX, is, isBlank, LF, SEMICOLON, smaller, TCHAR, VALUE } from './bytes.ts'
import {
  CHUNK_END_INVALID,
  CHUNK_EXT_INVALID,
  CHUNK_EXT_TOO_LARGE,
  CHUNK_OVERHEAD_TOO_LARGE,
  CHUNK_SIZE_INVALID,
  CHUNK_SIZE_TOO_LARGE,
  INVALID_LINE_END,
} from './codes.ts'
import { errorCodes } from './errors.ts'
import type { ParseErrorCode } from './errors.ts'
import type { BodyKind } from './framing.ts'
import { defaultBodyLimits, limitsOf } from './limits.ts'
import type { BodyLimits } from './limits.ts'
import { BROKEN, CHUNKS, CLOSED, ENDED, HAS_DATA, LENGTH, MAX_SIZE_BEFORE_DIGIT, NEED_MORE } from './numbers.ts'
import {
  DATA,
  DATA_CR,
  DATA_LF,
  DONE,
  EXTENSION,
  FAILED,
  FINAL_LF,
  SIZE,
  SIZE_FIRST,
  SIZE_LF,
  TRAILER_LINES,
  TRAILERS,
} from './states.ts'
import { TrailerSection } from './trailers.ts'

/** What {@link BodyDecoder.next} found. */
export const BodyEvent = { NeedMore: 0, Data: 1, End: 2, Error: 3 } as const
export type BodyEvent = (typeof BodyEvent)[keyof typeof BodyEvent]

/*
 * The chunked coding (RFC 9112 §7.1); a body of known length is its DATA state alone.
 *
 *   SIZE_FIRST ─HEXDIG─► SIZE ────CR────► SIZE_LF ──size > 0──► DATA ──► DATA_CR ──► DATA_LF ──► SIZE_FIRST
 *                          │                ▲  │
 *                          │ ";" or blank   CR └────size 0────► TRAILERS ─CR─► FINAL_LF ─LF─► DONE
 *                          ▼                │                      │
 *                       EXTENSION ──────────┘                      └─tchar─► TRAILER_LINES ─────► DONE
 */

/**
 * Finds the data of a message body in bytes that may come in any pieces. Data is given out as offsets in the caller's
 * buffer as soon as any of it has arrived; nothing is copied except trailers. RFC 9112 §6 and §7.
 */
export class BodyDecoder {
  /** Where the next call continues. */
  pos: number = 0
  /** After Data: the data, `dataStart` (inclusive) to `dataEnd` (exclusive) in the buffer of the call. */
  dataStart: number = 0
  dataEnd: number = 0
  /** After End: the trailer fields in wire order, names in lower case, or null when there are none. */
  trailers: readonly [string, string][] | null = null
  /** The offending byte, counted from the first byte of the body. */
  errorOffset: number = 0
  /** Bytes of the body that were used so far, framing included. */
  consumed: number = 0
  /** Bytes of data that were handed out so far. */
  dataBytes: number = 0

  private _error: number = 0
  /** @internal */
  _state: number = DONE
  /** The state after the last byte of data. @internal */
  _after: number = DONE
  /** Bytes of the body or of the chunk that have not arrived. @internal */
  _left: number = 0
  private _digits: number = 0
  private _size: number = 0
  private _extensionBytes: number = 0
  private _framingBytes: number = 0
  private _section: TrailerSection | null = null
  private readonly _limits: BodyLimits

  /**
   * @param limits those that differ from {@link defaultBodyLimits}
   * @throws {TypeError} for an unknown name, or a value that is not a number; {RangeError} unless it is a whole number from 0 up, or Infinity
   */
  constructor(limits?: Partial<BodyLimits>) {
    this._limits = limitsOf(defaultBodyLimits, limits)
  }

  /**
   * Prepares for a new body.
   *
   * @param kind from the head; UntilClose never ends by itself
   * @param contentLength from the head, for `BodyKind.Length`
   * @throws {RangeError} for an invalid kind or length
   */
  reset(kind: BodyKind, contentLength: number = 0): void {
    if ((kind & 3) !== kind) throw new RangeError('Invalid body kind')
    if (kind === LENGTH && !(Number.isSafeInteger(contentLength) && contentLength >= 0))
      throw new RangeError('Invalid content length')
    const isChunked = kind === CHUNKS
    this._left = kind === LENGTH ? contentLength : kind === CLOSED ? Infinity : 0
    this._after = isChunked ? DATA_CR : DONE
    this._state = isChunked ? SIZE_FIRST : this._left > 0 ? DATA : DONE
    this.trailers = this._section = null
    this.errorOffset = this.consumed = this.dataBytes = this._error = this._extensionBytes = this._framingBytes = 0
  }

  get error(): ParseErrorCode | undefined {
    return errorCodes[this._error]
  }

  /**
   * Continues at `pos` in `buf`, whose bytes are valid up to `end` (exclusive). Use the decoder's own `pos` for the next call:
   * the bytes after End belong to the next message.
   *
   * @throws {RangeError} when `pos` to `end` is not a range within `buf`
   */
  next(buf: Uint8Array, pos: number, end: number): BodyEvent {
    checkPlaces(buf, pos, end)
    this.pos = pos
    const state = this._state
    return state === DATA
      ? this._data(pos, end)
      : state > DATA
        ? this._chunk(buf, end)
        : state === DONE
          ? ENDED
          : BROKEN
  }

  /** Hands out data from `from` on. */
  private _data(from: number, end: number): BodyEvent {
    const size = smaller(this._left, end - from)
    this._pause(DATA, from + size)
    if (size === 0) return NEED_MORE
    this.dataStart = from
    this.dataEnd = this.pos
    this.dataBytes += size
    this._left -= size
    if (this._left === 0) this._state = this._after
    return HAS_DATA
  }

  private _chunk(buf: Uint8Array, end: number): BodyEvent {
    const limits = this._limits
    let p = this.pos
    let state = this._state
    while (p < end) {
      const c = buf[p]!
      if (state <= SIZE) {
        if (is(c, HEX)) {
          if (state === SIZE_FIRST) this._size = this._digits = 0
          if (this._digits === limits.chunkSizeDigits || this._size > MAX_SIZE_BEFORE_DIGIT)
            return this._fail(CHUNK_SIZE_TOO_LARGE, p)
          // letters have bit 6 and count from 1
          this._size = this._size * 16 + (c & 15) + (c >> 6) * 9
          this._digits++
          state = SIZE
        } else if (state === SIZE_FIRST) return this._fail(CHUNK_SIZE_INVALID, p)
        else if (c === CR) state = SIZE_LF
        else if (c === SEMICOLON || isBlank(c)) {
          state = EXTENSION
          continue
        } else return this._fail(c === LF ? INVALID_LINE_END : CHUNK_SIZE_INVALID, p)
      } else if (state >= EXTENSION) {
        // the line may end after a complete name or value, but not after whitespace
        if (c === CR && state % 3 === 2) state = SIZE_LF
        else if (this._extensionBytes++ === limits.extensionBytes) return this._fail(CHUNK_EXT_TOO_LARGE, p)
        else state = EXTENSION + Number(steps[state - EXTENSION]![extensionClass(c)])
        if (!(state > 0)) return this._fail(c === LF ? INVALID_LINE_END : CHUNK_EXT_INVALID, p)
      } else if (state === TRAILER_LINES || (state === TRAILERS && c !== CR)) return this._trailerLines(buf, p, end)
      // the other states wait for one certain byte
      else if (c !== (state === DATA_CR || state === TRAILERS ? CR : LF))
        return this._fail(state === DATA_CR || state === DATA_LF ? CHUNK_END_INVALID : INVALID_LINE_END, p)
      else if (state === FINAL_LF) return this._end(p + 1)
      else if (state === SIZE_LF) {
        this._framingBytes += this._digits + 4
        if (this._framingBytes > limits.overheadRatio * (this.dataBytes + this._size) + limits.overheadBytes)
          return this._fail(CHUNK_OVERHEAD_TOO_LARGE, p)
        this._left = this._size
        if (this._size > 0) return this._data(p + 1, end)
        state = TRAILERS
      } else state = state === DATA_LF ? SIZE_FIRST : state + 1
      p++
    }
    return this._pause(state, p)
  }

  private _trailerLines(buf: Uint8Array, from: number, end: number): BodyEvent {
    const section = (this._section ??= new TrailerSection(this._limits))
    const p = from + section.feed(buf, from, end)
    if (section._error > 0) return this._fail(section._error, p)
    if (p > end) return this._pause(TRAILER_LINES, end)
    this.trailers = section.fields
    this._section = null
    return this._end(p)
  }

  private _end(p: number): BodyEvent {
    this._pause(DONE, p)
    return ENDED
  }

  /** Stops at `p`. */
  private _pause(state: number, p: number): BodyEvent {
    this._state = state
    this.consumed += p - this.pos
    this.pos = p
    return NEED_MORE
  }

  private _fail(error: number, p: number): BodyEvent {
    this._pause(FAILED, p)
    this._error = error
    this.errorOffset = this.consumed
    return BROKEN
  }
}

/**
 * `chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS ( token / quoted-string ) ] )`: the state that follows each state
 * (row) at a byte of each class (column, see `extensionClass`); a dot is an error.
 */
const steps: readonly string[] = [
  '.10....', // 0 before a semicolon, behind whitespace
  '2.1....', // 1 before a name
  '2134...', // 2 in a name
  '.134...', // 3 behind a name, in whitespace
  '5.4.6..', // 4 before a value
  '510....', // 5 in a value
  '6666876', // 6 in a quoted string
  '6666666', // 7 behind a backslash
  '.10....', // 8 behind a quoted string
]

/** 0 token, 1 semicolon, 2 whitespace, 3 equals sign, 4 quote, 5 backslash, 6 the rest of what a field may hold, 7 nothing. */
function extensionClass(c: number): number {
  const special = ';\t="\\'.indexOf(String.fromCharCode(c)) + 1
  return special > 0 ? special : c === 0x20 ? 2 : is(c, TCHAR) ? 0 : is(c, VALUE) ? 6 : 7
}
