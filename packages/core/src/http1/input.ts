import type { DecodeLatin1 } from '@spillway/parser'
import { copyOf, decodeLatin1 } from '../transport/bytes.ts'
import { decodePipelined } from './latin1.ts'

const empty = new Uint8Array(0)

/** Bytes that have arrived and are not parsed yet. */
export class Input {
  buf: Uint8Array = empty
  /** The first unparsed byte. */
  pos: number = 0
  end: number = 0
  /** Whether `buf` was made here, with room after `end`; otherwise it is a chunk of the transport's. */
  #owned: boolean = false
  /** Whether `buf` may be kept. */
  #keepable: boolean = false

  /** Bytes of memory that it keeps: its buffer is larger than what is waiting in it. */
  get held(): number {
    return this.#owned ? this.buf.length : this.length
  }

  get length(): number {
    return this.end - this.pos
  }

  /** The decoder for the head that was parsed at `pos`. @param alone whether content follows it, rather than another head. */
  decoder(headEnd: number, alone: boolean): DecodeLatin1 {
    // Our own buffer is assembled from pieces, and its bytes after the head will change.
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

  /** Ends a turn: the rest moves to a buffer of our own. */
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

  /** The bytes from `start` to `end`, in a form that may be kept. */
  keep(start: number, end: number): Uint8Array {
    const bytes = this.buf.subarray(start, end)
    // A small part would keep all of the memory.
    return this.#keepable && bytes.length > this.buf.length / 2 ? bytes : copyOf(bytes)
  }

  /** Takes the rest. */
  take(): Uint8Array {
    const rest = this.keep(this.pos, this.end)
    this.clear()
    return rest
  }

  /** Doubling keeps the cost at O(n) for a client that sends byte by byte. V8 stores a few bytes inside the array object, without extra memory. */
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
