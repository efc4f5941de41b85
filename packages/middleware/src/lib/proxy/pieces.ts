/** Smaller pieces are copied together, because each costs memory in addition to its bytes. */
const smallBytes = 2048
const blockBytes = 8192

/** Bytes in the order in which they arrived. */
export class Pieces {
  #list: Uint8Array[] = []
  /** The block of the last piece, if it has room for more. */
  #block: Uint8Array | undefined
  #filled = 0
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  push(piece: Uint8Array): void {
    this.#bytes += piece.length
    if (piece.length >= smallBytes) {
      this.#close()
      this.#list.push(piece)
      return
    }
    if (this.#block && this.#filled + piece.length > this.#block.length) this.#close()
    this.#block ??= new Uint8Array(blockBytes)
    this.#block.set(piece, this.#filled)
    this.#filled += piece.length
  }

  shift(): Uint8Array | undefined {
    if (this.#list.length === 0) this.#close()
    const piece = this.#list.shift()
    if (piece) this.#bytes -= piece.length
    return piece
  }

  *[Symbol.iterator](): Generator<Uint8Array> {
    this.#close()
    yield* this.#list
  }

  #close(): void {
    if (this.#block && this.#filled > 0) this.#list.push(this.#block.subarray(0, this.#filled))
    this.#block = undefined
    this.#filled = 0
  }
}
