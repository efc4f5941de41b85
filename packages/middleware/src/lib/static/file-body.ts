import type { ByteRange } from '@spillway/parser/fields'
import type { Piece } from './byte-ranges.ts'
import type { OpenFile } from './open-file.ts'

/** Bytes of one read. A read costs a trip through the thread pool; big ones are what makes large files fast. */
const blockBytes = 1024 * 1024

/**
 * The content of a large file, or pieces of it. The next block is read while the last one is being sent, and no further
 * ahead. The last block is held back until the file is known to be the same still: one that got shorter, or was written
 * anew, makes reading fail, so that the reply is cut and never looks complete. One that was appended to is sent as it was.
 */
export class FileBody implements AsyncIterable<Uint8Array | string>, AsyncIterator<Uint8Array | string, undefined> {
  readonly #file: OpenFile
  readonly #pieces: readonly Piece[]
  /** The piece to read from next, and how much of it was read. */
  #index = 0
  #offset = 0
  #ahead: Promise<Uint8Array | string> | undefined
  #closing: Promise<void> | undefined
  /** The block that was given last, and one that may be read into again. */
  #given: Uint8Array | string | undefined
  #spare: Uint8Array | undefined

  constructor(file: OpenFile, pieces: readonly Piece[]) {
    this.#file = file
    this.#pieces = pieces
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array | string, undefined> {
    return this
  }

  /** @param spare the last block, when its bytes have left. Reading into memory that is warm is what a stream gains most by. */
  async next(spare?: Uint8Array): Promise<IteratorResult<Uint8Array | string, undefined>> {
    if (this.#closing) return this.return()
    if (spare !== undefined && spare === this.#given) this.#spare = spare
    try {
      const value = await (this.#ahead ?? this.#piece())
      if (value === undefined) return await this.return()
      this.#ahead = this.#piece()
      // Nobody may come to ask for this block.
      this.#ahead?.catch(ignore)
      if (!this.#ahead) await this.#verify()
      this.#given = value
      return { done: false, value }
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async return(): Promise<IteratorResult<Uint8Array | string, undefined>> {
    await this.close()
    return { done: true, value: undefined }
  }

  /** Closes the file, once; a read that is under way ends first. Nothing was written, so failing to close loses nothing. */
  close(): Promise<void> {
    return (this.#closing ??= this.#file.handle.close().catch(ignore))
  }

  /** The next piece, or block of one; undefined behind the last. */
  #piece(): Promise<Uint8Array | string> | undefined {
    const piece = this.#pieces[this.#index]
    if (typeof piece === 'object') return this.#read(piece)
    this.#index++
    return piece === undefined ? undefined : Promise.resolve(piece)
  }

  async #read({ start, end }: ByteRange): Promise<Uint8Array> {
    const position = start + this.#offset
    const buffer = this.#buffer(Math.min(blockBytes, end + 1 - position))
    const { bytesRead } = await this.#file.handle.read(buffer, 0, buffer.length, position)
    if (bytesRead === 0) throw new Error('The file became shorter while it was sent')
    this.#offset += bytesRead
    if (start + this.#offset > end) {
      this.#index++
      this.#offset = 0
    }
    return buffer.subarray(0, bytesRead)
  }

  /** Memory of a block that has left, or else new: blocks that have not belong to the socket. */
  #buffer(size: number): Uint8Array {
    const spare = this.#spare
    this.#spare = undefined
    if (spare === undefined || spare.buffer.byteLength < size) return Buffer.allocUnsafeSlow(size)
    return new Uint8Array(spare.buffer, 0, size)
  }

  async #verify(): Promise<void> {
    const { size, mtimeNs } = await this.#file.handle.stat({ bigint: true })
    const { stats } = this.#file
    if (size < stats.size || (size === stats.size && mtimeNs !== stats.mtimeNs))
      throw new Error('The file was changed while it was sent')
  }
}

function ignore(): void {}
