// Frames (RFC 9113 §4): the numbers of types and errors, reading frames from pieces, and writing them.
import { ACK, GOAWAY, HEAD_BYTES, PING, PRIORITY_UPDATE, RST_STREAM, SETTINGS, WINDOW_UPDATE } from './numbers.ts'

/*
 * Frames (RFC 9113 §4.1): nine bytes of head, and a payload.
 *
 *   | length (24) | type (8) | flags (8) | reserved (1), stream identifier (31) | payload |
 */

/** The first bytes a client sends, before its SETTINGS. RFC 9113 §3.4. */
export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

/** RFC 9113 §6; RFC 9218 §7.1 for the last one. Other types may occur, and are ignored. */
export const FrameType = {
  Data: 0,
  Headers: 1,
  Priority: 2,
  RstStream: 3,
  Settings: 4,
  PushPromise: 5,
  Ping: 6,
  Goaway: 7,
  WindowUpdate: 8,
  Continuation: 9,
  PriorityUpdate: 16,
} as const
export type FrameType = (typeof FrameType)[keyof typeof FrameType]

/** Why a stream or a connection ends. RFC 9113 §7. */
export const ErrorCode = {
  NoError: 0,
  ProtocolError: 1,
  InternalError: 2,
  FlowControlError: 3,
  SettingsTimeout: 4,
  StreamClosed: 5,
  FrameSizeError: 6,
  RefusedStream: 7,
  Cancel: 8,
  CompressionError: 9,
  ConnectError: 10,
  EnhanceYourCalm: 11,
  InadequateSecurity: 12,
  Http11Required: 13,
} as const
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode]

/** The 31 bits at `p`: a stream identifier or an increment, without the reserved bit. */
export function read31(buf: Uint8Array, p: number): number {
  return ((buf[p]! & 0x7f) << 24) | (buf[p + 1]! << 16) | (buf[p + 2]! << 8) | buf[p + 3]!
}

/** The 32 bits at `p`. */
export function read32(buf: Uint8Array, p: number): number {
  return read31(buf, p) + (buf[p]! & 0x80) * 0x1000000
}

const none: Uint8Array = /* @__PURE__ */ new Uint8Array(0)

/**
 * Reads frames from bytes that may come in any pieces. A payload that arrives in one piece is not copied. What was found is in the
 * properties until the next call.
 */
export class FrameReader {
  type: number = 0
  flags: number = 0
  /** The stream, or 0 for the connection. */
  stream: number = 0
  /** Bytes of the payload. */
  length: number = 0
  /** Once complete, the payload is in these bytes, from `start` to `end`. */
  bytes: Uint8Array = none
  start: number = 0
  end: number = 0
  /** The first byte, of those passed last, that was not read. */
  pos: number = 0
  /** Bytes of the payload that have not arrived; meaningless while the head is incomplete. */
  left: number = 0
  readonly _head: Uint8Array = new Uint8Array(HEAD_BYTES)
  /** Bytes of the head that have arrived. */
  _have: number = 0
  /** The payload so far, if it comes in pieces. */
  _kept: Uint8Array = none

  /** Whether a frame has begun but is not complete. */
  get partial(): boolean {
    return this._have > 0
  }

  /** Reads a whole frame; false when more bytes are needed. */
  next(buf: Uint8Array, pos: number, end: number): boolean {
    return this.head(buf, pos, end) && this.payload(buf, this.pos, end)
  }

  /** Reads the head; true once it is complete, also on later calls for the same frame. */
  head(buf: Uint8Array, pos: number, end: number): boolean {
    this.pos = pos
    if (this._have === HEAD_BYTES) return true
    if (this._have === 0 && end - pos >= HEAD_BYTES) this._takeHead(buf, pos)
    else {
      const more = Math.min(HEAD_BYTES - this._have, end - pos)
      for (let i = 0; i < more; i++) this._head[this._have + i] = buf[pos + i]!
      this.pos = pos + more
      this._have += more
      if (this._have < HEAD_BYTES) return false
      this._takeHead(this._head, 0)
      this.pos = pos + more
    }
    return true
  }

  _takeHead(buf: Uint8Array, p: number): void {
    this.length = this.left = (buf[p]! << 16) | (buf[p + 1]! << 8) | buf[p + 2]!
    this.type = buf[p + 3]!
    this.flags = buf[p + 4]!
    this.stream = read31(buf, p + 5)
    this.pos = p + HEAD_BYTES
    this._have = HEAD_BYTES
  }

  /** Reads the payload after the head; true when it is complete, which ends the frame. */
  payload(buf: Uint8Array, pos: number, end: number): boolean {
    const { left } = this
    const isWhole = end - pos >= left
    if (isWhole && left === this.length) {
      this.bytes = buf
      this.start = pos
      this.end = this.pos = pos + left
      this._have = 0
      return true
    }
    const more = isWhole ? left : end - pos
    const had = this.length - left
    if (this._kept.length < had + more) this._keep(had, isWhole ? this.length : Math.min(this.length, (had + more) * 2))
    this._kept.set(buf.subarray(pos, pos + more), had)
    this.left = left - more
    this.pos = pos + more
    if (!isWhole) return false
    this.bytes = this._kept
    this._kept = none
    this.start = 0
    this.end = this.length
    this._have = 0
    return true
  }

  /** Takes a part of the payload as it comes: what has arrived of it, at most `max` bytes, from `start` to `end` in `buf`. */
  part(buf: Uint8Array, pos: number, end: number, max: number = Infinity): void {
    const size = Math.min(this.left, end - pos, max)
    this.bytes = buf
    this.start = pos
    this.end = this.pos = pos + size
    this.left -= size
    if (this.left === 0) this._have = 0
  }

  _keep(had: number, size: number): void {
    const grown = new Uint8Array(size)
    grown.set(this._kept.subarray(0, had))
    this._kept = grown
  }
}

/** Memory blocks of one size, with those that are not in use: allocating one costs more than filling it, and freeing it even more. */
interface Blocks {
  readonly bytes: number
  readonly most: number
  readonly spare: Uint8Array[]
}

/** Blocks for heads and short content, which idle connections leave here; and blocks for long content, with room for one more frame. */
const small: Blocks = { bytes: 16 * 1024, most: 32, spare: [] }
const large: Blocks = { bytes: 96 * 1024, most: 16, spare: [] }

function blockOf(bytes: number): Uint8Array {
  const blocks = bytes <= small.bytes ? small : bytes <= large.bytes ? large : undefined
  return blocks?.spare.pop() ?? new Uint8Array(blocks?.bytes ?? bytes + (bytes >> 1))
}

function giveBack(block: Uint8Array): void {
  const blocks = block.length === small.bytes ? small : block.length === large.bytes ? large : undefined
  if (blocks !== undefined && blocks.spare.length < blocks.most) blocks.spare.push(block)
}

/** Outgoing frames, one after the other. */
export class FrameBuffer {
  /** The frames are in the first `length` bytes. */
  bytes: Uint8Array = none
  length: number = 0

  /** Makes room for `more` bytes after `length`. */
  reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.bytes.length) return
    const grown = blockOf(needed)
    if (this.length > 0) grown.set(this.bytes.subarray(0, this.length))
    giveBack(this.bytes)
    this.bytes = grown
  }

  /** Discards the frames; nobody may still be using their bytes. */
  clear(): void {
    giveBack(this.bytes)
    this.bytes = none
    this.length = 0
  }

  /** Hands over the frames; they belong to the caller until they are {@link spare}d. */
  take(): Uint8Array {
    const bytes = this.bytes.subarray(0, this.length)
    this.bytes = none
    this.length = 0
    return bytes
  }

  /** Returns frames that were taken and are no longer used. This is optional, but reusing memory is cheaper. */
  static spare(taken: Uint8Array): void {
    giveBack(new Uint8Array(taken.buffer))
  }

  byte(value: number): void {
    this.bytes[this.length++] = value
  }

  /** There must be room, as for all of the following methods. */
  write32(value: number): void {
    const { bytes, length: p } = this
    bytes[p] = value >>> 24
    bytes[p + 1] = value >>> 16
    bytes[p + 2] = value >>> 8
    bytes[p + 3] = value
    this.length = p + 4
  }

  /** Makes room for a frame, and writes its head. */
  head(length: number, type: number, flags: number, stream: number): void {
    this.reserve(HEAD_BYTES + length)
    const { bytes, length: p } = this
    bytes[p] = length >>> 16
    bytes[p + 1] = length >>> 8
    bytes[p + 2] = length
    bytes[p + 3] = type
    bytes[p + 4] = flags
    this.length = p + 5
    this.write32(stream)
  }

  append(piece: Uint8Array, start: number = 0, end: number = piece.length): void {
    const size = end - start
    this.reserve(size)
    const { bytes, length: p } = this
    // A call of `set`, with the view that it needs, costs more than copying a few bytes.
    if (size > 96) bytes.set(start === 0 && size === piece.length ? piece : piece.subarray(start, end), p)
    else for (let i = 0; i < size; i++) bytes[p + i] = piece[start + i]!
    this.length = p + size
  }

  /** One character per byte. */
  appendText(text: string): void {
    this.reserve(text.length)
    for (let i = 0; i < text.length; i++) this.bytes[this.length++] = text.charCodeAt(i)
  }

  /** @param entries identifiers and values, alternating. */
  settings(entries: readonly number[]): void {
    this.head(entries.length * 3, SETTINGS, 0, 0)
    for (let i = 0; i < entries.length; i += 2) {
      this.byte(0)
      this.byte(entries[i]!)
      this.write32(entries[i + 1]!)
    }
  }

  settingsAck(): void {
    this.head(0, SETTINGS, ACK, 0)
  }

  /** @param payload eight bytes starting at `start`. */
  ping(payload: Uint8Array, start: number, flags: number): void {
    this.head(8, PING, flags, 0)
    this.append(payload, start, start + 8)
  }

  reset(stream: number, error: number): void {
    this.head(4, RST_STREAM, 0, stream)
    this.write32(error)
  }

  windowUpdate(stream: number, increment: number): void {
    this.head(4, WINDOW_UPDATE, 0, stream)
    this.write32(increment)
  }

  /** @param debug text for people who look for the reason, one character per byte. */
  goaway(last: number, error: number, debug: string = ''): void {
    this.head(8 + debug.length, GOAWAY, 0, 0)
    this.write32(last)
    this.write32(error)
    this.appendText(debug)
  }

  /** @param priority as in the field: `u=1, i`. */
  priorityUpdate(stream: number, priority: string): void {
    this.head(4 + priority.length, PRIORITY_UPDATE, 0, 0)
    this.write32(stream)
    this.appendText(priority)
  }
}
