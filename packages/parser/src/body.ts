import {
  BACKSLASH,
  classes,
  CR,
  DQUOTE,
  EQUALS,
  hexValues,
  isBlank,
  LF,
  QDTEXT,
  SEMICOLON,
  TCHAR,
  VALUE,
  smaller,
} from './bytes.ts'
import type { ParseErrorCode } from './errors.ts'
import { BodyKind } from './framing.ts'
import { defaultBodyLimits } from './limits.ts'
import type { BodyLimits } from './limits.ts'
import { TrailerSection } from './trailers.ts'
import {
  DATA,
  DATA_CR,
  DATA_LF,
  DONE,
  EXT_BEFORE,
  EXT_NAME,
  EXT_NAME_AFTER,
  EXT_NAME_FIRST,
  EXT_QUOTED,
  EXT_QUOTED_AFTER,
  EXT_QUOTED_PAIR,
  EXT_VALUE,
  EXT_VALUE_AFTER,
  EXT_VALUE_FIRST,
  FAILED,
  FINAL_LF,
  SIZE,
  SIZE_FIRST,
  SIZE_LF,
  TRAILERS,
  TRAILER_LINES,
  UNTIL_CLOSE,
} from './states.ts'

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

/** A size above this would pass 2^53 - 1 with one more digit. */
const MAX_SIZE_BEFORE_DIGIT = 2 ** 49 - 1

/**
 * Finds the data of a message body in bytes that may come in any pieces. Data is handed out as places in the caller's
 * buffer as soon as a byte of it is there; nothing is copied but trailers. RFC 9112 §6 and §7.
 */
export class BodyDecoder {
  /** Where the next call goes on. */
  pos: number = 0
  /** After Data: the data, `dataStart` (inclusive) to `dataEnd` (exclusive) in the buffer of the call. */
  dataStart: number = 0
  dataEnd: number = 0
  /** After End: the trailer fields in wire order, names in lower case, or null when there are none. */
  trailers: readonly [string, string][] | null = null
  error: ParseErrorCode | undefined = undefined
  /** The offending byte, counted from the first byte of the body. */
  errorOffset: number = 0
  /** Bytes of the body that were used so far, framing included. */
  consumed: number = 0
  /** Bytes of data that were handed out so far. */
  dataBytes: number = 0

  private state: number = DONE
  /** Bytes of the body or of the chunk that are still to come. */
  private left: number = 0
  private chunked: boolean = false
  private digits: number = 0
  private size: number = 0
  private extensionBytes: number = 0
  private framingBytes: number = 0
  private limits: BodyLimits = defaultBodyLimits
  private section: TrailerSection | null = null

  /**
   * Prepares for a new body.
   *
   * @param kind of the head; UntilClose never ends by itself
   * @param contentLength of the head, for `BodyKind.Length`
   * @param limits all of them; the default are {@link defaultBodyLimits}
   */
  reset(kind: BodyKind, contentLength: number, limits: BodyLimits = defaultBodyLimits): void {
    this.limits = limits
    this.chunked = kind === BodyKind.Chunked
    this.left = kind === BodyKind.Length ? contentLength : 0
    this.state =
      kind === BodyKind.Length ? DATA : this.chunked ? SIZE_FIRST : kind === BodyKind.UntilClose ? UNTIL_CLOSE : DONE
    this.trailers = null
    this.error = undefined
    this.errorOffset = 0
    this.consumed = 0
    this.dataBytes = 0
    this.extensionBytes = 0
    this.framingBytes = 0
    this.section = null
  }

  /** Whether the body has been read to its end. */
  get done(): boolean {
    return this.state === DONE || (this.state === DATA && this.left === 0 && !this.chunked)
  }

  /**
   * Goes on at `pos` in `buf`, whose bytes are there up to `end` (exclusive). Set its own `pos` aside for the next call:
   * the bytes behind End belong to the next message.
   */
  next(buf: Uint8Array, pos: number, end: number): BodyEvent {
    if (this.state === DATA && this.left > 0) return this.data(pos, end)
    if (this.chunked) return this.chunk(buf, pos, end)
    this.pos = pos
    if (this.state === UNTIL_CLOSE) {
      this.left = end - pos
      return this.data(pos, end)
    }
    if (this.state === DATA) this.state = DONE
    return this.state === DONE ? BodyEvent.End : BodyEvent.Error
  }

  private data(pos: number, end: number): BodyEvent {
    const size = smaller(this.left, end - pos)
    this.pos = pos + size
    if (size === 0) return BodyEvent.NeedMore
    this.dataStart = pos
    this.dataEnd = this.pos
    this.left -= size
    this.consumed += size
    this.dataBytes += size
    return BodyEvent.Data
  }

  private chunk(buf: Uint8Array, pos: number, end: number): BodyEvent {
    let p = pos
    let state = this.state
    if (state <= FAILED) {
      this.pos = pos
      return state === DONE ? BodyEvent.End : BodyEvent.Error
    }
    if (state === DATA) state = DATA_CR
    while (p < end) {
      const c = buf[p]!
      if (state === SIZE_FIRST || state === SIZE) {
        const digit = hexValues[c]!
        if (digit < 16) {
          if (state === SIZE_FIRST) this.size = this.digits = 0
          if (this.digits === this.limits.chunkSizeDigits || this.size > MAX_SIZE_BEFORE_DIGIT)
            return this.fail('CHUNK_SIZE_TOO_LARGE', pos, p)
          this.size = this.size * 16 + digit
          this.digits++
          state = SIZE
        } else if (state === SIZE && c === CR) state = SIZE_LF
        else if (state === SIZE && (c === SEMICOLON || isBlank(c))) {
          state = EXT_BEFORE
          continue
        } else return this.fail(c === LF && state === SIZE ? 'INVALID_LINE_END' : 'CHUNK_SIZE_INVALID', pos, p)
        p++
      } else if (state === SIZE_LF) {
        if (c !== LF) return this.fail('INVALID_LINE_END', pos, p)
        p++
        state = this.size === 0 ? TRAILERS : DATA
        this.framingBytes += this.digits + 4
        if (this.framingBytes > this.limits.overheadRatio * (this.dataBytes + this.size) + this.limits.overheadBytes)
          return this.fail('CHUNK_OVERHEAD_TOO_LARGE', pos, p - 1)
        if (state === TRAILERS) continue
        this.state = DATA
        this.left = this.size
        this.consumed += p - pos
        return this.data(p, end)
      } else if (state === DATA_CR || state === DATA_LF) {
        if (c !== (state === DATA_CR ? CR : LF)) return this.fail('CHUNK_END_INVALID', pos, p)
        state = state === DATA_CR ? DATA_LF : SIZE_FIRST
        p++
      } else if (state === TRAILERS) {
        if (c === CR) {
          state = FINAL_LF
          p++
        } else state = TRAILER_LINES
      } else if (state === FINAL_LF) {
        if (c !== LF) return this.fail('INVALID_LINE_END', pos, p)
        return this.finish(pos, p + 1)
      } else if (state === TRAILER_LINES) return this.trailerLines(buf, pos, p, end)
      else {
        const next = this.extension(buf, p, end, state)
        if (next < 0) return this.fail(this.error!, pos, ~next)
        p = next
        state = this.state
      }
    }
    return this.pause(state, pos, p)
  }

  /** Reads a chunk extension up to its CR, leaves the state in `state`; the complement of the offending byte's place for an error. */
  private extension(buf: Uint8Array, from: number, end: number, state: number): number {
    const room = this.limits.extensionBytes - this.extensionBytes
    let p = from
    let next = state
    for (; p < end; p++) {
      const c = buf[p]!
      if (c === CR && endsExtension(next)) {
        next = SIZE_LF
        break
      }
      if (p - from === room) {
        this.error = 'CHUNK_EXT_TOO_LARGE'
        return ~p
      }
      next = extensionStep(next, c)
      if (next === FAILED) {
        this.error = c === LF ? 'INVALID_LINE_END' : 'CHUNK_EXT_INVALID'
        return ~p
      }
    }
    this.extensionBytes += p - from
    this.state = next
    return next === SIZE_LF ? p + 1 : p
  }

  private trailerLines(buf: Uint8Array, pos: number, from: number, end: number): BodyEvent {
    this.section ??= new TrailerSection(this.limits)
    const { section } = this
    const used = section.feed(buf, from, end)
    if (section.error !== undefined) return this.fail(section.error, pos, from + used)
    if (!section.done) return this.pause(TRAILER_LINES, pos, end)
    this.trailers = section.fields
    return this.finish(pos, from + used)
  }

  private finish(pos: number, p: number): BodyEvent {
    this.pause(DONE, pos, p)
    return BodyEvent.End
  }

  private pause(state: number, pos: number, p: number): BodyEvent {
    this.state = state
    this.pos = p
    this.consumed += p - pos
    return BodyEvent.NeedMore
  }

  private fail(error: ParseErrorCode, pos: number, p: number): BodyEvent {
    this.pause(FAILED, pos, p)
    this.error = error
    this.errorOffset = this.consumed
    return BodyEvent.Error
  }
}

/** Whether the line may end in this state: behind a complete name or value, but not behind whitespace. */
function endsExtension(state: number): boolean {
  return state === EXT_NAME || state === EXT_VALUE || state === EXT_QUOTED_AFTER
}

/** `chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS ( token / quoted-string ) ] )`, one byte further. */
function extensionStep(state: number, c: number): number {
  const token = (classes[c]! & TCHAR) !== 0
  switch (state) {
    case EXT_BEFORE:
      return c === SEMICOLON ? EXT_NAME_FIRST : isBlank(c) ? EXT_BEFORE : FAILED
    case EXT_NAME_FIRST:
      return token ? EXT_NAME : isBlank(c) ? EXT_NAME_FIRST : FAILED
    case EXT_NAME:
    case EXT_NAME_AFTER:
      if (token && state === EXT_NAME) return EXT_NAME
      if (c === EQUALS) return EXT_VALUE_FIRST
      return c === SEMICOLON ? EXT_NAME_FIRST : isBlank(c) ? EXT_NAME_AFTER : FAILED
    case EXT_VALUE_FIRST:
      if (c === DQUOTE) return EXT_QUOTED
      return token ? EXT_VALUE : isBlank(c) ? EXT_VALUE_FIRST : FAILED
    case EXT_QUOTED:
      if (c === DQUOTE) return EXT_QUOTED_AFTER
      if (c === BACKSLASH) return EXT_QUOTED_PAIR
      return (classes[c]! & QDTEXT) !== 0 ? EXT_QUOTED : FAILED
    case EXT_QUOTED_PAIR:
      return (classes[c]! & VALUE) !== 0 ? EXT_QUOTED : FAILED
    default:
      if (token && state === EXT_VALUE) return EXT_VALUE
      return c === SEMICOLON ? EXT_NAME_FIRST : isBlank(c) ? EXT_VALUE_AFTER : FAILED
  }
}
