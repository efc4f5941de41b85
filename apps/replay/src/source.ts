import { readSync } from 'node:fs'
import type { Source } from '@spillway/inspect/capture'

const PIECE = 1 << 20

/** Reads a file from start to end, with only a window of it in memory. */
export class FileSource implements Source {
  buffer: Buffer
  /** The position of the next byte in the buffer, and the end of the buffered bytes. */
  pos: number = 0
  end: number = 0
  /** Bytes read so far, for progress. */
  read: number = 0
  readonly #file: number

  constructor(file: number) {
    this.#file = file
    this.buffer = Buffer.allocUnsafe(PIECE * 2)
  }

  /** Whether `count` bytes are available from `pos` on, after reading more if needed. */
  has(count: number): boolean {
    while (this.end - this.pos < count) if (!this.#fill(count)) return false
    return true
  }

  /** The next `count` bytes, or null at the end. They are overwritten by the next call. */
  take(count: number): Buffer | null {
    if (!this.has(count)) return null
    this.pos += count
    return this.buffer.subarray(this.pos - count, this.pos)
  }

  /** All bytes left in the window, after reading more if it is empty. */
  rest(): Buffer | null {
    return this.has(1) ? this.take(this.end - this.pos) : null
  }

  #fill(count: number): boolean {
    if (this.buffer.length - this.pos < count || this.end === this.buffer.length) {
      const room = count > this.buffer.length - PIECE ? Buffer.allocUnsafe(count + PIECE) : this.buffer
      this.buffer.copy(room, 0, this.pos, this.end)
      this.buffer = room
      this.end -= this.pos
      this.pos = 0
    }
    const got = readSync(this.#file, this.buffer, this.end, this.buffer.length - this.end, null)
    this.end += got
    this.read += got
    return got > 0
  }
}
