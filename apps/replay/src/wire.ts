/** Keeps the last bytes of a stream, which may still be needed. */
export class Wire {
  readonly #most: number
  #pieces: Buffer[] = []
  /** The offsets in the stream at which the pieces start and end. */
  #start = 0
  #end = 0

  /** @param most how many bytes are kept; beyond that, all are dropped */
  constructor(most: number) {
    this.#most = most
  }

  /** Adds bytes, which are copied because the caller will overwrite them. */
  add(bytes: Uint8Array): void {
    this.#end += bytes.length
    if (this.#end - this.#start > this.#most) this.#drop(this.#end)
    else this.#pieces.push(Buffer.from(bytes))
  }

  /** Records that bytes are missing: no range across the gap is available. */
  lose(count: number): void {
    this.#drop(this.#end + count)
  }

  /** The bytes between two offsets of the stream, if all are available. Bytes before `end` may be dropped afterwards. */
  take(from: number, to: number): Uint8Array | undefined {
    const start = this.#start
    if (from < start || to > this.#end) return undefined
    const all = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces)
    this.#pieces = to < this.#end ? [all.subarray(to - start)] : []
    this.#start = to
    return Buffer.from(all.subarray(from - start, to - start))
  }

  #drop(end: number): void {
    this.#pieces = []
    this.#start = this.#end = end
  }
}
