import { type Holding, ignore } from '@spillway/core'
import type { OpenFile } from '../files/open-file.ts'

/** Bytes of one read. A read costs a trip through the thread pool, so large reads make large files fast. */
const blockBytes = 1024 * 1024

/**
 * A range of a large file. The next block is read while the last one is being sent, and no further ahead. The last block is
 * held back until it is certain that the file has not changed: if it was truncated or rewritten, reading fails, so
 * that the reply is cut and never looks complete. A file that was only appended to is sent as it was.
 */
export class FileBody implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array, undefined> {
  readonly #file: OpenFile
  /** The first byte that has not been read yet, and the first that is not wanted. */
  #position: number
  readonly #end: number
  #ahead: Promise<Uint8Array> | undefined
  #done = false
  /** The block that was given out last, and one that may be reused. */
  #given: Uint8Array | undefined
  #spare: Uint8Array | undefined
  /** The block that is being read, or was read last. */
  #next: Uint8Array | undefined

  /** Both ends are inclusive. */
  constructor(file: OpenFile, start: number, end: number) {
    this.#file = file
    this.#position = start
    this.#end = end + 1
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return this
  }

  /** @param spare the last block, once its bytes have been sent. Reading into memory that is in the cache makes a stream much faster. */
  async next(spare?: Uint8Array): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#done) return { done: true, value: undefined }
    if (spare !== undefined && spare === this.#given) this.#spare = spare
    const reading = this.#ahead ?? this.#read()
    if (!reading) return this.return()
    const value = await reading
    this.#ahead = this.#read()
    // It is possible that nobody asks for this block.
    this.#ahead?.catch(ignore)
    if (!this.#ahead) await this.#verify()
    this.#given = value
    return { done: false, value }
  }

  /** Up to two blocks: the one that is being sent, and the one after it. */
  held(holding: Holding): number {
    for (const block of [this.#given, this.#next, this.#spare])
      if (block) holding.share(block.buffer, block.buffer.byteLength)
    return 0
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#done = true
    this.#given = this.#next = this.#spare = undefined
    return Promise.resolve({ done: true, value: undefined })
  }

  /** The next block; undefined after the last. */
  #read(): Promise<Uint8Array> | undefined {
    return this.#position < this.#end ? this.#block() : undefined
  }

  async #block(): Promise<Uint8Array> {
    const buffer = this.#buffer(Math.min(blockBytes, this.#end - this.#position))
    this.#next = buffer
    const { bytesRead } = await this.#file.handle.read(buffer, 0, buffer.length, this.#position)
    if (bytesRead === 0) throw new Error('The file became shorter while it was sent')
    this.#position += bytesRead
    return buffer.subarray(0, bytesRead)
  }

  /** Reuses a block that has been sent, or allocates a new one: blocks that have not been sent belong to the socket. */
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
