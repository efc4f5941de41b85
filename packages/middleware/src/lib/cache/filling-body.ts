import type { Holding, Holds, Puller } from '@spillway/core'

/**
 * Content that is collected on its way to a client. While it is collected it is read as fast as it comes, so that a slow client
 * does not keep others waiting; once it is larger than may be stored it is only passed on, at the client's pace.
 */
export class FillingBody implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array, undefined>, Holds {
  readonly #source: Puller
  readonly #maxBytes: number
  #done: ((content: Uint8Array | 'too long' | undefined) => void) | undefined
  #chunks: Uint8Array[] = []
  /** The next chunk for the client. */
  #at = 0
  #bytes = 0
  #ended = false
  #failure: { readonly error: unknown } | undefined
  #wake: (() => void) | undefined

  /** @param done is called once: with all of the content, or undefined when it fails or nobody wants it any more. */
  constructor(source: Puller, maxBytes: number, done: (content: Uint8Array | 'too long' | undefined) => void) {
    this.#source = source
    this.#maxBytes = maxBytes
    this.#done = done
    void this.#collect()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  held(holding: Holding): number {
    return (this.#source.held?.(holding) ?? 0) + (this.#chunks.length === 0 ? 0 : this.#bytes)
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const value = this.#chunks[this.#at]
      if (value) {
        this.#at++
        return { done: false, value }
      }
      if (this.#failure) throw this.#failure.error
      if (this.#ended) return { done: true, value: undefined }
      if (!this.#done) await this.#pass()
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
    }
  }

  async return(reason?: unknown): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#finish(undefined)
    if (!this.#ended) {
      this.#ended = true
      await this.#source.cancel(reason)
    }
    return { done: true, value: undefined }
  }

  async #collect(): Promise<void> {
    while (this.#done && !this.#ended) await this.#pull()
    this.#notify()
  }

  /** Reads on for this client only. */
  async #pass(): Promise<void> {
    this.#chunks = []
    this.#at = 0
    await this.#pull()
  }

  async #pull(): Promise<void> {
    try {
      const { done, value } = await this.#source.next()
      if (this.#ended) return
      if (done) {
        this.#ended = true
        this.#finish(Buffer.concat(this.#chunks))
      } else if (value !== undefined && value.length > 0)
        this.#add(typeof value === 'string' ? Buffer.from(value) : value)
    } catch (error) {
      this.#ended = true
      this.#failure = { error }
      this.#finish(undefined)
    }
    this.#notify()
  }

  #add(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes > this.#maxBytes) this.#finish('too long')
  }

  #finish(content: Uint8Array | 'too long' | undefined): void {
    const done = this.#done
    this.#done = undefined
    done?.(content)
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
