import type { Transform } from 'node:stream'
import { type BodySource, type Holding, type Holds, type Puller, pullerOf } from '@spillway/core'

/** Bytes for one write: their encoded form fits into the buffer of every coding's stream. */
const sliceBytes = 64 * 1024

/**
 * The content of a reply in a content coding, encoded as it is read and no faster. Everything the source has given leaves the
 * encoder before the source is asked for more, so an event is never kept waiting for the next one. When the client has gone, the
 * encoder is closed and the source cancelled at once, even while either is at work.
 */
export class EncodedBody implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array, undefined>, Holds {
  readonly #source: Puller
  readonly #coder: Transform
  #waiting: Uint8Array | undefined
  #ended = false
  #closed = false

  constructor(source: BodySource, coder: Transform) {
    this.#source = pullerOf(source)
    this.#coder = coder
    // Writes fail with the same error, but without a listener it would end the process.
    coder.on('error', () => {})
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return this
  }

  held(holding: Holding): number {
    return (this.#source.held?.(holding) ?? 0) + (this.#waiting?.length ?? 0) + this.#coder.readableLength
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    try {
      while (!this.#closed) {
        const value = (this.#coder.read() as Uint8Array | null) ?? (await this.#step())
        if (value && !this.#closed) return { done: false, value }
        if (this.#ended) this.#close()
      }
    } catch (error) {
      if (!this.#closed) {
        await this.return(error)
        throw error
      }
    }
    return { done: true, value: undefined }
  }

  async return(reason?: unknown): Promise<IteratorResult<Uint8Array, undefined>> {
    if (!this.#closed) {
      this.#close()
      await this.#source.cancel(reason)
    }
    return { done: true, value: undefined }
  }

  /** Puts the next piece of the source into the encoder, or ends it; the encoder's output is the result. */
  async #step(): Promise<Uint8Array | undefined> {
    if (this.#ended) return undefined
    const bytes = this.#waiting ?? (await this.#pull())
    if (this.#closed) return undefined
    if (bytes === undefined) return this.#end()
    this.#waiting = bytes.length > sliceBytes ? bytes.subarray(sliceBytes) : undefined
    await new Promise<void>((resolve, reject) => {
      this.#coder.write(bytes.subarray(0, sliceBytes), (error) => (error ? reject(error) : resolve()))
    })
    return undefined
  }

  async #end(): Promise<Uint8Array> {
    this.#ended = true
    this.#coder.end()
    const rest: Uint8Array[] = []
    for await (const chunk of this.#coder) rest.push(chunk as Uint8Array)
    return Buffer.concat(rest)
  }

  /** The next piece that is not empty; undefined at the end. */
  async #pull(): Promise<Uint8Array | undefined> {
    for (;;) {
      const { done, value } = await this.#source.next()
      if (done) return undefined
      if (value && value.length > 0) return typeof value === 'string' ? Buffer.from(value) : value
    }
  }

  #close(): void {
    this.#closed = true
    this.#coder.destroy()
  }
}
