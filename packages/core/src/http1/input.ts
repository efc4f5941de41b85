import type { DecodeLatin1 } from '@spillway/parser'
import { copyOf, decodeLatin1 } from '../transport/bytes.ts'
import { decodePipelined } from './latin1.ts'

const empty = new Uint8Array(0)

/** Bytes that came in and are not parsed yet. */
export class Input {
  buf: Uint8Array = empty
  /** The first unparsed byte. */
  pos: number = 0
  end: number = 0
  /** `buf` was made here, with room behind `end`; otherwise it is a chunk of the transport's. */
  #owned: boolean = false
  /** `buf` may be kept. */
  #keepable: boolean = false

  /** Bytes of memory that it keeps: its buffer is larger than what waits in it. */
  get held(): number {
    return this.#owned ? this.buf.length : this.length
  }

  get length(): number {
    return this.end - this.pos
  }

  /** How the head that was parsed at `pos` becomes text. @param alone whether content follows it, and no other head. */
  decoder(headEnd: number, alone: boolean): DecodeLatin1 {
    // What is ours has grown from pieces, and will not stay as it is behind the head.
    return alone || this.#owned || (this.pos === 0 && headEnd === this.end) ? decodeLatin1 : decodePipelined
  }

  /** @param keepable whether the chunk may be kept. */
  append(chunk: Uint8Array, keepable: boolean): void {
    if (this.pos === this.end) {
      this.buf = chunk
      this.pos = 0
      this.end = chunk.length
      this.#owned = false
      this.#keepable = keepable
      return
    }
    if (!this.#owned || this.end + chunk.length > this.buf.length) this.#grow(chunk.length)
    this.buf.set(chunk, this.end)
    this.end += chunk.length
  }

  /** Ends a turn: what is left moves to a buffer of our own. */
  keepRest(): void {
    if (this.pos === this.end) this.clear()
    else if (!this.#owned) this.#grow(0)
  }

  clear(): void {
    this.buf = empty
    this.pos = 0
    this.end = 0
    this.#owned = false
  }

  /** The bytes from `start` to `end`, to keep. */
  keep(start: number, end: number): Uint8Array {
    const bytes = this.buf.subarray(start, end)
    // A small part would hold all of the memory.
    return this.#keepable && bytes.length > this.buf.length / 2 ? bytes : copyOf(bytes)
  }

  /** Takes what is left. */
  take(): Uint8Array {
    const rest = this.keep(this.pos, this.end)
    this.clear()
    return rest
  }

  /** Doubling keeps a client that sends byte by byte at O(n). V8 keeps a few bytes within the array itself, without memory apart. */
  #grow(room: number): void {
    const grown = new Uint8Array(Math.max(64, (this.length + room) * 2))
    grown.set(this.buf.subarray(this.pos, this.end))
    this.end -= this.pos
    this.pos = 0
    this.buf = grown
    this.#owned = true
    this.#keepable = true
  }
}
