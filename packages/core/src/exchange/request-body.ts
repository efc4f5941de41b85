// The content of a request, read once, in the way the handler chooses and at its pace.
import { HttpError } from './errors.ts'
import { handled, handledPieces } from './guarded.ts'
import { handledStream } from './handled.ts'
import { notJson } from './malformed.ts'
import { highWater } from '../transport/transport.ts'

/** What a body asks of its connection. @internal */
export interface BodyPort {
  /** This body wants more bytes: tell the client to go on (100), resume reading. */
  demand(body: RequestBody): void
}

const utf8 = new TextDecoder()

/**
 * The content of a request. Nothing is read before someone asks for it: bytes wait in the kernel, and a client that
 * sent `Expect: 100-continue` is told to go on at the first read. It can be read once, in one of five ways.
 *
 * Every promise given out here counts as handled: one that nobody awaits any more, because the handler has failed
 * in the meantime, does not end the process when it is rejected.
 */
export class RequestBody implements AsyncIterable<Uint8Array> {
  /** Content-Length, or null when the length is not known before the end (chunked). 0 when there is no content. */
  readonly length: number | null
  /** Trailer fields, once the content has ended; null when there were none (RFC 9110 §6.5). */
  trailers: readonly (readonly [name: string, value: string])[] | null = null
  readonly #port: BodyPort
  #limit: number
  #queue: Uint8Array[] = []
  #queued = 0
  #received = 0
  #used = false
  #ended = false
  #error: Error | undefined
  /** Whether someone is waiting for the whole content: then the limit bounds what is queued. */
  #collecting = false
  #wake: (() => void) | undefined

  /** @internal @param isEnded whether all of it is there. */
  constructor(port: BodyPort, length: number | null, limit: number, isEnded: boolean = length === 0) {
    this.#port = port
    this.length = length
    this.#limit = limit
    this.#ended = isEnded
  }

  /**
   * Most bytes this body may have; more is refused with 413 while reading. Change it before reading.
   * Default: `limits.bodyBytes` of the server.
   * @throws TypeError when it is set to something that is not a number, RangeError when it is below 0 or NaN.
   */
  get limit(): number {
    return this.#limit
  }

  set limit(bytes: number) {
    if (typeof bytes !== 'number') throw new TypeError(`The limit of content is a number, not ${typeof bytes}`)
    if (!(bytes >= 0)) throw new RangeError(`The limit of content is a number from 0 on, not ${bytes}`)
    this.#limit = bytes
  }

  /** Whether reading has begun. */
  get used(): boolean {
    return this.#used
  }

  /**
   * The whole content.
   * @param max most bytes, instead of `limit`.
   * @throws HttpError 413 when it is larger; AbortedError when it is never completed; TypeError when already used, or `max` is not a
   * number; RangeError when that is below 0 or NaN.
   */
  bytes(max?: number): Promise<Uint8Array> {
    return handled(this.#whole(max))
  }

  #whole(max?: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#use(max)
      const done = (): void => {
        if (this.#error) reject(this.#error)
        else resolve(this.#takeAll())
      }
      if (this.#ended || this.#error) return done()
      this.#collecting = true
      this.#wake = done
      this.#port.demand(this)
    })
  }

  /** The whole content, decoded as UTF-8; malformed sequences become U+FFFD. @throws as `bytes`. */
  text(max?: number): Promise<string> {
    return handled(this.#text(max))
  }

  async #text(max?: number): Promise<string> {
    return utf8.decode(await this.#whole(max))
  }

  /** The whole content, parsed as JSON. @throws as `bytes`; HttpError 400 when it is not JSON. */
  json<T = unknown>(max?: number): Promise<T> {
    return handled(this.#json<T>(max))
  }

  async #json<T>(max?: number): Promise<T> {
    const text = await this.#text(max)
    try {
      return JSON.parse(text) as T
    } catch (cause) {
      throw notJson(cause)
    }
  }

  /** The content as a stream; reading it is what reads the connection. */
  stream(): ReadableStream<Uint8Array> {
    this.#use(undefined)
    const stream = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const chunk = await this.#read()
          if (chunk) controller.enqueue(chunk)
          else controller.close()
        },
      },
      { highWaterMark: 0 },
    )
    return handledStream(stream)
  }

  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    return handledPieces(this.#pieces())
  }

  async *#pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    this.#use(undefined)
    for (let chunk = await this.#read(); chunk; chunk = await this.#read()) yield chunk
  }

  /** @internal Bytes waiting to be read. */
  get buffered(): number {
    return this.#queued
  }

  /** @internal Whether somebody is waiting for more. */
  get waiting(): boolean {
    return this.#wake !== undefined
  }

  /** @internal Whether the connection should stop reading. */
  get full(): boolean {
    return (this.#queued >= highWater && !this.#collecting) || this.#error !== undefined
  }

  /** @internal Bytes have arrived. */
  push(chunk: Uint8Array): void {
    if (this.#error) return
    this.#received += chunk.length
    if (this.#used && this.#received > this.#limit) return this.#refuse(tooLarge(this.#limit))
    this.#queue.push(chunk)
    this.#queued += chunk.length
    if (!this.#collecting) this.#notify()
  }

  /** @internal The content is complete. */
  end(trailers: readonly (readonly [string, string])[] | null): void {
    this.trailers = trailers
    this.#ended = true
    this.#notify()
  }

  /** @internal The content will never be complete. What was queued is dropped: half a message is useless. */
  fail(error: Error): void {
    if (!this.#ended && !this.#error) this.#refuse(error)
  }

  #refuse(error: Error): void {
    this.#error = error
    this.#queue = []
    this.#queued = 0
    this.#notify()
  }

  #use(max: number | undefined): void {
    if (this.#used) throw new TypeError('The request body has already been read')
    if (max !== undefined) this.limit = max
    this.#used = true
    if (Math.max(this.length ?? 0, this.#received) > this.#limit) this.#refuse(tooLarge(this.#limit))
  }

  async #read(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#error) throw this.#error
      const chunk = this.#queue.shift()
      if (chunk) {
        const wasFull = this.full
        this.#queued -= chunk.length
        if (wasFull && !this.full) this.#port.demand(this)
        return chunk
      }
      if (this.#ended) return undefined
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#port.demand(this)
      await woken
    }
  }

  #takeAll(): Uint8Array {
    const chunks = this.#queue
    const size = this.#queued
    this.#queue = []
    this.#queued = 0
    return chunks.length === 1 ? chunks[0]! : concat(chunks, size)
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}

function tooLarge(limit: number): HttpError {
  return new HttpError(413, `The request content is larger than ${limit} bytes`, { code: 'CONTENT_TOO_LARGE' })
}

function concat(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
