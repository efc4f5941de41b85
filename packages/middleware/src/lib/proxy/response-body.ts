// The content of an upstream server's response, at the pace of our client.
import { highWater } from '@spillway/core'

/** What the content asks of its connection. */
export interface ContentSource {
  /** More is wanted: continue reading. */
  demand(): void
  /** Nothing more is wanted. */
  destroy(): void
  /** Takes back the memory of a piece that has been sent, where pieces have memory of their own. */
  readonly reuse?: (piece: Uint8Array) => void
}

/**
 * The content of a response that is still arriving. It is its own iterator, as it is read once, so that a piece costs one
 * promise; core calls `destroy` when it no longer needs it.
 */
export class ResponseBody implements AsyncIterableIterator<Uint8Array> {
  /** Trailer fields, once the content has ended. */
  trailers: readonly (readonly [name: string, value: string])[] = []
  #source: ContentSource | undefined
  readonly #reuse: ContentSource['reuse']
  /** The last piece that was given out. */
  #given: Uint8Array | undefined
  #queue: Uint8Array[] = []
  #queued = 0
  #error: Error | undefined
  #ended: ((error: Error | undefined) => void) | undefined
  #waiting: { resolve(result: IteratorResult<Uint8Array>): void; reject(error: Error): void } | undefined

  constructor(source: ContentSource) {
    this.#source = source
    this.#reuse = source.reuse
  }

  /** Whether the connection should stop reading. */
  get full(): boolean {
    return this.#queued >= highWater
  }

  push(chunk: Uint8Array): void {
    const waiting = this.#waiting
    if (waiting) {
      this.#waiting = undefined
      this.#given = chunk
      waiting.resolve({ done: false, value: chunk })
      return
    }
    this.#queue.push(chunk)
    this.#queued += chunk.length
  }

  /** @param ended is told once all has come, or why it will not. It is told nothing when nobody wants the rest. */
  whenEnded(ended: (error: Error | undefined) => void): void {
    if (this.#source) this.#ended = ended
    else ended(this.#error)
  }

  end(trailers: readonly (readonly [string, string])[] | null): void {
    this.#source = undefined
    this.#ended?.(undefined)
    if (trailers) this.trailers = trailers
    this.#waiting?.resolve({ done: true, value: undefined })
    this.#waiting = undefined
  }

  /** The content will never be complete; what arrived before is still given out. */
  fail(error: Error): void {
    this.#source = undefined
    this.#error = error
    this.#ended?.(error)
    this.#waiting?.reject(error)
    this.#waiting = undefined
  }

  /** @param spare the last piece, once its bytes have been sent. */
  next(spare?: Uint8Array): Promise<IteratorResult<Uint8Array>> {
    if (spare !== undefined && spare === this.#given) this.reuse(spare)
    const chunk = this.#queue.shift()
    this.#given = chunk
    if (chunk) {
      const wasFull = this.full
      this.#queued -= chunk.length
      if (wasFull && !this.full) this.#source?.demand()
      return Promise.resolve({ done: false, value: chunk })
    }
    if (this.#error) return Promise.reject(this.#error)
    if (!this.#source) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  /** Takes back a piece that nobody uses any more. */
  reuse(piece: Uint8Array): void {
    this.#reuse?.(piece)
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.destroy()
    return Promise.resolve({ done: true, value: undefined })
  }

  /** Cancels the exchange, unless it is over. */
  destroy(): void {
    const source = this.#source
    this.#source = undefined
    this.#queue = []
    this.#queued = 0
    source?.destroy()
    this.#waiting?.resolve({ done: true, value: undefined })
    this.#waiting = undefined
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
