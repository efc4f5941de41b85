// Parts between boundaries (RFC 2046 §5.1), as they come.
import { ProblemError } from '../http/problem.ts'

const CR = 0x0d
const LF = 0x0a
const DASH = 0x2d
const lineEnd = '\r\n'

/**
 * Reads the parts of a multipart message (RFC 2046 §5.1.1) by pulling: nothing is read from the source before it is asked
 * for, and no more than one piece of it is held. Bytes of content are passed on without copying.
 *
 * It goes through sections: the preamble, then for each part its head and its content. `content` gives the rest of a section
 * piece by piece, `next` moves past the delimiter that ended it, and `head` reads the head of a part.
 */
export class PartReader {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #delimiter: Buffer
  /** The first delimiter may be at the very start, as if a line had ended before it. */
  #buffer: Buffer = Buffer.from(lineEnd)
  #at = 0

  constructor(source: AsyncIterator<Uint8Array>, boundary: string) {
    this.#source = source
    this.#delimiter = Buffer.from(`${lineEnd}--${boundary}`, 'latin1')
  }

  /** The next bytes before the delimiter, or undefined when there are no more. */
  async content(): Promise<Uint8Array | undefined> {
    for (;;) {
      const found = this.#buffer.indexOf(this.#delimiter, this.#at)
      if (found === this.#at) return undefined
      const end = found < 0 ? this.#doubtful() : found
      if (end > this.#at) {
        const piece = this.#buffer.subarray(this.#at, end)
        this.#at = end
        return piece
      }
      await this.#more()
    }
  }

  /** Moves past the delimiter. False when it was the last one. */
  async next(): Promise<boolean> {
    this.#at += this.#delimiter.length
    await this.#hold(2)
    if (this.#buffer[this.#at] === DASH && this.#buffer[this.#at + 1] === DASH) return false
    while (this.#buffer[this.#at] === 0x20 || this.#buffer[this.#at] === 0x09) {
      this.#at++
      await this.#hold(2)
    }
    if (this.#buffer[this.#at] !== CR || this.#buffer[this.#at + 1] !== LF) throw malformed('A delimiter is malformed')
    return true
  }

  /**
   * The field lines of a part, as latin1.
   * @throws ProblemError 413 when they are longer than `most` bytes.
   */
  async head(most: number): Promise<string[]> {
    for (;;) {
      // The line end of the delimiter counts as well, so that an empty head is found.
      const end = this.#buffer.indexOf(`${lineEnd}${lineEnd}`, this.#at)
      if ((end < 0 ? this.#buffer.length : end) - this.#at > most + 4)
        throw new ProblemError(413, 'PART_HEAD_TOO_LARGE', {
          detail: `The head of a part is larger than ${most} bytes`,
        })
      if (end >= 0) {
        const text = this.#buffer.toString('latin1', this.#at + 2, end)
        // A part may end with its head: then the empty line is also the line end of the delimiter.
        this.#at = end + 2
        await this.#hold(this.#delimiter.length)
        if (this.#buffer.indexOf(this.#delimiter, this.#at) !== this.#at) this.#at += 2
        return text === '' ? [] : text.split(lineEnd)
      }
      await this.#more()
    }
  }

  /** Reads and discards what follows the last delimiter. */
  async finish(): Promise<void> {
    this.#buffer = Buffer.alloc(0)
    while (!(await this.#source.next()).done);
  }

  /** The offset of bytes that may be the start of a delimiter. */
  #doubtful(): number {
    const buffer = this.#buffer
    const delimiter = this.#delimiter
    let at = buffer.indexOf(CR, Math.max(this.#at, buffer.length - delimiter.length + 1))
    while (at >= 0) {
      if (buffer.compare(delimiter, 0, buffer.length - at, at) === 0) return at
      at = buffer.indexOf(CR, at + 1)
    }
    return buffer.length
  }

  async #hold(count: number): Promise<void> {
    while (this.#buffer.length - this.#at < count) await this.#more()
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#source.next()
    if (done) throw malformed('The content ends in the middle of a part')
    const chunk = Buffer.from(value.buffer, value.byteOffset, value.length)
    this.#buffer = this.#at === this.#buffer.length ? chunk : Buffer.concat([this.#buffer.subarray(this.#at), chunk])
    this.#at = 0
  }
}

export function malformed(detail: string): ProblemError {
  return new ProblemError(400, 'MULTIPART_INVALID', { detail })
}
