// The content of a reply, read from its server faster than the client takes it.
import type { Holds } from '@spillway/core'
import type { Buffers } from './buffers.ts'
import { Pieces } from './pieces.ts'
import type { ResponseBody } from './response-body.ts'
import { TempFile } from './temp-file.ts'

const readBytes = 64 * 1024
/** Milliseconds for which a server waits, in all of a reply, until a client that is behind counts as slow and gets a file. */
const patience = 50

interface Waiting {
  resolve(result: IteratorResult<Uint8Array>): void
  reject(error: unknown): void
}

// decision 064
/**
 * Reads content as fast as it comes and gives it out as fast as it is asked for. What is in between is kept in memory and, beyond
 * that, in a file; when there is no room in either, the server has to wait.
 */
export class ReadAhead implements AsyncIterableIterator<Uint8Array>, Pick<Holds, 'held'> {
  readonly #source: ResponseBody
  readonly #buffers: Buffers
  readonly #pieces = new Pieces()
  #file: TempFile | undefined
  /** The range of the file that has not been given out yet. */
  #readAt = 0
  #writtenTo = 0
  #isWriting = false
  /** Milliseconds for which the source has waited for room in memory. */
  #waited = 0
  /** Set when a file has failed once, so that none is tried again. */
  #isMemoryOnly = false
  #isOver = false
  #hasEnded = false
  #error: unknown
  #waiting: Waiting | undefined
  /** Set while the source waits for room. */
  #roomIsThere: (() => void) | undefined

  /** @param ended is called when the server has finished. */
  constructor(source: ResponseBody, buffers: Buffers, ended: () => void) {
    this.#source = source
    this.#buffers = buffers
    void this.#fill().finally(ended)
  }

  get trailers(): ResponseBody['trailers'] {
    return this.#source.trailers
  }

  held(): number {
    return this.#pieces.bytes
  }

  /** @param spare the last piece, once its bytes have been sent. */
  async next(spare?: Uint8Array): Promise<IteratorResult<Uint8Array>> {
    if (spare !== undefined) this.#source.reuse(spare)
    const piece = this.#pieces.shift()
    if (piece) {
      this.#buffers.memory.release(piece.length)
      this.#makeRoom()
      return { done: false, value: piece }
    }
    if (this.#isOver) return { done: true, value: undefined }
    if (this.#readAt < this.#writtenTo) return { done: false, value: await this.#fromFile() }
    if (this.#error !== undefined) throw this.#error
    if (this.#hasEnded) return { done: true, value: undefined }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      // A piece that is waiting for room in memory goes to whoever asks for it.
      this.#makeRoom()
    })
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.destroy()
    return Promise.resolve({ done: true, value: undefined })
  }

  /** Nobody wants the content any more. */
  destroy(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#source.destroy()
    this.#buffers.memory.release(this.#pieces.bytes)
    while (this.#pieces.shift());
    if (!this.#isWriting) this.#releaseFile()
    this.#makeRoom()
    this.#waiting?.resolve({ done: true, value: undefined })
    this.#waiting = undefined
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async #fill(): Promise<void> {
    try {
      for (let next = await this.#source.next(); !next.done; next = await this.#source.next())
        await this.#take(next.value)
      this.#hasEnded = true
      this.#waiting?.resolve({ done: true, value: undefined })
    } catch (error) {
      this.#error = error
      this.#waiting?.reject(error)
    }
    this.#waiting = undefined
  }

  async #take(piece: Uint8Array): Promise<void> {
    while (!this.#isOver) {
      const waiting = this.#waiting
      if (waiting) {
        this.#waiting = undefined
        return waiting.resolve({ done: false, value: piece })
      }
      if (this.#keepInMemory(piece)) return
      if (this.#waited < patience) {
        await this.#roomSoon()
        continue
      }
      if (await this.#keepInFile(piece)) return
      if (this.#isOver || this.#waiting) continue
      await new Promise<void>((resolve) => {
        this.#roomIsThere = resolve
      })
    }
  }

  /** Waits for room in memory as long as there is patience: to open a file costs more than what a fast client is behind. */
  async #roomSoon(): Promise<void> {
    const since = performance.now()
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, patience - this.#waited)
      this.#roomIsThere = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#waited += performance.now() - since
  }

  #keepInMemory(piece: Uint8Array): boolean {
    // What is in the file has to be given out first.
    if (this.#readAt < this.#writtenTo || !this.#buffers.memory.take(this.#pieces.bytes, piece.length)) return false
    this.#pieces.push(piece)
    return true
  }

  async #keepInFile(piece: Uint8Array): Promise<boolean> {
    const { disk, folder } = this.#buffers
    if (this.#isMemoryOnly || !disk.take(this.#writtenTo, piece.length)) return false
    this.#isWriting = true
    try {
      this.#file ??= await TempFile.open(folder)
      await this.#file.write(piece, this.#writtenTo)
      this.#writtenTo += piece.length
    } catch {
      // A full or missing disk counts as no room.
      disk.release(piece.length)
      this.#isMemoryOnly = true
    }
    this.#isWriting = false
    if (this.#isOver) this.#releaseFile()
    else if (this.#waiting && !this.#isMemoryOnly) await this.#giveFromFile()
    return !this.#isMemoryOnly
  }

  /** Somebody has started to wait while the file was being written. */
  async #giveFromFile(): Promise<void> {
    const waiting = this.#waiting!
    this.#waiting = undefined
    try {
      waiting.resolve({ done: false, value: await this.#fromFile() })
    } catch (error) {
      waiting.reject(error)
    }
  }

  async #fromFile(): Promise<Uint8Array> {
    const bytes = await this.#file!.read(this.#readAt, Math.min(readBytes, this.#writtenTo - this.#readAt))
    this.#readAt += bytes.length
    if (this.#readAt === this.#writtenTo && !this.#isWriting) {
      // The file is reused from its beginning.
      this.#buffers.disk.release(this.#writtenTo)
      this.#readAt = this.#writtenTo = 0
    }
    this.#makeRoom()
    return bytes
  }

  #makeRoom(): void {
    const tell = this.#roomIsThere
    this.#roomIsThere = undefined
    tell?.()
  }

  #releaseFile(): void {
    this.#buffers.disk.release(this.#writtenTo)
    this.#readAt = this.#writtenTo = 0
    // A file that cannot be closed is closed already.
    void this.#file?.close().catch(() => {})
    this.#file = undefined
  }
}
