import type { OpenFile } from './open-file.ts'

/** Bytes of one read. A read costs a trip through the thread pool; big ones are what makes large files fast. */
const blockBytes = 512 * 1024

/**
 * The content of a large file. The next block is read while the last one is being sent, and no further ahead.
 * The last block is held back until the file is known to be the same still: one that got shorter, or was written anew,
 * makes reading fail, so that the reply is cut and never looks complete. One that was appended to is sent as it was.
 */
export class FileBody implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array, undefined> {
  readonly #file: OpenFile
  readonly #size: number
  #position = 0
  #ahead: Promise<Uint8Array> | undefined
  #closing: Promise<void> | undefined

  constructor(file: OpenFile) {
    this.#file = file
    this.#size = Number(file.stats.size)
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#closing || (this.#position === this.#size && !this.#ahead)) return this.return()
    try {
      const value = await (this.#ahead ?? this.#read())
      this.#ahead = this.#position < this.#size ? this.#read() : undefined
      // Nobody may come to ask for this block.
      this.#ahead?.catch(ignore)
      if (!this.#ahead) await this.#verify()
      return { done: false, value }
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    await this.close()
    return { done: true, value: undefined }
  }

  /** Closes the file, once; a read that is under way ends first. Nothing was written, so failing to close loses nothing. */
  close(): Promise<void> {
    return (this.#closing ??= this.#file.handle.close().catch(ignore))
  }

  async #read(): Promise<Uint8Array> {
    // A new buffer each time: the last one still belongs to the socket.
    const buffer = Buffer.allocUnsafeSlow(Math.min(blockBytes, this.#size - this.#position))
    const { bytesRead } = await this.#file.handle.read(buffer, 0, buffer.length, this.#position)
    if (bytesRead === 0) throw new Error('The file became shorter while it was sent')
    this.#position += bytesRead
    return buffer.subarray(0, bytesRead)
  }

  async #verify(): Promise<void> {
    const { size, mtimeNs } = await this.#file.handle.stat({ bigint: true })
    const { stats } = this.#file
    if (size < stats.size || (size === stats.size && mtimeNs !== stats.mtimeNs))
      throw new Error('The file was changed while it was sent')
  }
}

function ignore(): void {}
