// The content of a request that is read before a server is asked.
import type { RequestBody } from '@spillway/core'
import type { Buffers } from './buffers.ts'
import { Pieces } from './pieces.ts'
import { TempFile } from './temp-file.ts'

const readBytes = 64 * 1024

// decision 064
/**
 * Content in memory and, beyond that, in a file. If there is room for all of it, it may be read any number of times; otherwise
 * the rest comes from the client after it, once.
 */
export class KeptContent implements AsyncIterable<Uint8Array> {
  readonly #body: RequestBody
  readonly #buffers: Buffers
  readonly #pieces = new Pieces()
  #file: TempFile | undefined
  #onDisk = 0
  /** What has not arrived yet. */
  #rest: AsyncIterator<Uint8Array, void> | undefined
  #isRestUsed = false
  #isReleased = false

  private constructor(body: RequestBody, buffers: Buffers) {
    this.#body = body
    this.#buffers = buffers
  }

  /** Reads as much as there is room for. @throws what the body throws. */
  static async of(body: RequestBody, buffers: Buffers): Promise<KeptContent> {
    const kept = new KeptContent(body, buffers)
    try {
      await kept.#fill(body[Symbol.asyncIterator]())
    } catch (error) {
      kept.release()
      throw error
    }
    return kept
  }

  /** Null when it is not known. */
  get length(): number | null {
    return this.#rest ? this.#body.length : this.#pieces.bytes + this.#onDisk
  }

  get trailers(): RequestBody['trailers'] {
    return this.#body.trailers
  }

  /** Whether it can be read from its beginning. */
  get isWhole(): boolean {
    return !this.#isRestUsed && !this.#isReleased
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    yield* this.#pieces
    for (let at = 0; at < this.#onDisk;) {
      const bytes = await this.#file!.read(at, Math.min(readBytes, this.#onDisk - at))
      at += bytes.length
      yield bytes
    }
    if (!this.#rest) return
    this.#isRestUsed = true
    for (let next = await this.#rest.next(); !next.done; next = await this.#rest.next()) yield next.value
  }

  /** It is no longer needed. */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#buffers.memory.release(this.#pieces.bytes)
    this.#buffers.disk.release(this.#onDisk)
    // A file that cannot be closed is closed already.
    void this.#file?.close().catch(() => {})
  }

  async #fill(content: AsyncIterator<Uint8Array, void>): Promise<void> {
    for (let next = await content.next(); !next.done; next = await content.next()) {
      if (await this.#keep(next.value)) continue
      this.#rest = withFirst(next.value, content)
      return
    }
  }

  async #keep(piece: Uint8Array): Promise<boolean> {
    const { memory, disk, folder } = this.#buffers
    if (this.#onDisk === 0 && memory.take(this.#pieces.bytes, piece.length)) {
      this.#pieces.push(piece)
      return true
    }
    if (!disk.take(this.#onDisk, piece.length)) return false
    try {
      this.#file ??= await TempFile.open(folder)
      await this.#file.write(piece, this.#onDisk)
      this.#onDisk += piece.length
      return true
    } catch {
      // A full or missing disk counts as no room.
      disk.release(piece.length)
      return false
    }
  }
}

async function* withFirst(
  first: Uint8Array,
  content: AsyncIterator<Uint8Array, void>,
): AsyncGenerator<Uint8Array, void> {
  yield first
  for (let next = await content.next(); !next.done; next = await content.next()) yield next.value
}
