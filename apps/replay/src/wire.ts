/** The last bytes of a stream, as far as somebody may still ask for them. */
export class Wire {
  readonly #most: number
  #pieces: Buffer[] = []
  /** Where the pieces start in the stream, and where they end. */
  #start = 0
  #end = 0

  /** @param most bytes that are kept; when there are more, all are given up */
  constructor(most: number) {
    this.#most = most
  }

  /** Bytes that are overwritten soon. */
  add(bytes: Uint8Array): void {
    this.#end += bytes.length
    if (this.#end - this.#start > this.#most) this.#drop(this.#end)
    else this.#pieces.push(Buffer.from(bytes))
  }

  /** Bytes are missing: nothing that goes across them can be given. */
  lose(count: number): void {
    this.#drop(this.#end + count)
  }

  /** The bytes between these places in the stream, if all of them are there. What is in front of the end is not needed again. */
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
