/** What was written and not read yet: one chunk at a time, which the writer waits for. */
export class Content implements AsyncIterable<Uint8Array> {
  #chunk: { readonly bytes: Uint8Array; readonly taken: () => void } | undefined
  #ended = false
  #unwanted = false
  #error: Error | undefined
  #wake: (() => void) | undefined

  push(bytes: Uint8Array, taken: () => void): void {
    if (this.#unwanted) return queueMicrotask(taken)
    this.#chunk = { bytes, taken }
    this.#wake?.()
  }

  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  fail(error: Error): void {
    if (this.#ended) return
    this.#error = error
    this.#wake?.()
  }

  /** All there is, if it is one chunk or none. @param length what the writer has still in hand. */
  whole(length: number): Uint8Array | null | undefined {
    const chunk = this.#chunk
    if (length !== (chunk?.bytes.length ?? 0)) return undefined
    this.#take()
    this.#unwanted = true
    return chunk?.bytes ?? null
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const value = this.#take()
      if (value) return { done: false, value }
      if (this.#error) throw this.#error
      if (this.#ended) return { done: true, value: undefined }
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  /** Nobody reads on: HEAD, or the client is gone. */
  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#unwanted = true
    this.#take()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return this
  }

  #take(): Uint8Array | undefined {
    const chunk = this.#chunk
    this.#chunk = undefined
    chunk?.taken()
    return chunk?.bytes
  }
}
