import { LAST_CHUNK, chunkPrefix, isTrailerField, trailerSection } from '@spillway/parser/serialize'
import type { BodySource } from './reply.ts'
import type { HeadersInit } from './reply-headers.ts'
import { ContentFraming, isAscii, sliceBytes } from './content.ts'

/** Where streamed content goes. @internal */
export interface StreamSink {
  append(text: string): void
  appendBytes(bytes: Uint8Array): void
  /** Sends what was appended by the end of this turn; false when the client does not keep up. */
  commit(): boolean
  /** Whether nobody needs the bytes any more that were appended so far. */
  readonly left: boolean
}

/** Who is told how streamed content ended. @internal */
export interface StreamEnd {
  streamEnded(): void
  /** The source failed, or broke its promise of a length. */
  streamFailed(error: unknown): void
}

/** The content of a reply, read piece by piece, whatever its kind. */
export interface Puller {
  /** @param spare the bytes of the last value, when they have been sent: the source may write the next ones over them. */
  next(
    spare?: Uint8Array,
  ): Promise<{ readonly done?: boolean | undefined; readonly value?: Uint8Array | string | undefined }>
  /** Lets go of the source, also while `next` waits for it. */
  cancel(reason: unknown): Promise<unknown>
}

/** Moves the content of one reply from its source to the connection, at the client's pace. */
export class ReplyStream {
  readonly framing: ContentFraming
  readonly #sink: StreamSink
  readonly #puller: Puller
  readonly #trailers: (() => HeadersInit) | undefined
  #left: number
  #stopped = false
  /** Bytes sent since the event loop last had a turn. */
  #sinceTurn = 0
  #resume: (() => void) | undefined

  constructor(
    sink: StreamSink,
    source: BodySource,
    framing: ContentFraming,
    length: number,
    trailers: (() => HeadersInit) | undefined,
  ) {
    this.#sink = sink
    this.#puller = pullerOf(source)
    this.framing = framing
    this.#left = length
    this.#trailers = trailers
  }

  async run(owner: StreamEnd): Promise<void> {
    try {
      for (let spare: Uint8Array | undefined; ;) {
        const { done, value } = await this.#puller.next(spare)
        spare = undefined
        if (this.#stopped) return
        if (done) break
        if (typeof value !== 'string' && !(value instanceof Uint8Array))
          throw new TypeError('The pieces of streamed content are text or bytes')
        if (value.length === 0) continue
        await this.#send(value)
        if (typeof value !== 'string' && this.#sink.left) spare = value
        await this.#pause(value.length)
        if (this.#stopped) return
      }
      this.#end()
      owner.streamEnded()
    } catch (error) {
      if (this.#stopped) return
      this.stop(error)
      owner.streamFailed(error)
    }
  }

  /** The client keeps up again. */
  resume(): void {
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }

  /** The content is not wanted any more: cancels the source. */
  stop(reason: unknown): void {
    if (this.#stopped) return
    this.#stopped = true
    this.resume()
    // A source that fails while it is cancelled has nobody left to tell.
    this.#puller.cancel(reason).catch(ignore)
  }

  /** Sends one piece, in slices when it is large, so that the progress of a slow reader is seen. */
  async #send(value: Uint8Array | string): Promise<void> {
    if (value.length <= sliceBytes) {
      this.#write(value)
      if (!this.#sink.commit()) await this.#drained()
      return
    }
    const bytes = typeof value === 'string' ? Buffer.from(value) : value
    for (let at = 0; at < bytes.length && !this.#stopped; at += sliceBytes) {
      this.#write(bytes.subarray(at, at + sliceBytes))
      if (!this.#sink.commit()) await this.#drained()
    }
  }

  /** A source that is always ready, and a client that always reads, must not keep the event loop from everybody else. */
  async #pause(bytes: number): Promise<void> {
    this.#sinceTurn += bytes
    if (this.#sinceTurn < sliceBytes) return
    this.#sinceTurn = 0
    await new Promise((resolve) => setImmediate(resolve))
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = resolve
    })
  }

  #write(value: Uint8Array | string): void {
    const text = typeof value === 'string' && isAscii(value)
    const bytes = typeof value === 'string' ? (text ? undefined : Buffer.from(value)) : value
    const size = bytes ? bytes.length : value.length
    const chunked = this.framing === ContentFraming.Chunked
    if (this.framing === ContentFraming.Length && (this.#left -= size) < 0)
      throw new RangeError('The content is longer than its Content-Length')
    if (chunked) this.#sink.append(chunkPrefix(size))
    if (bytes) this.#sink.appendBytes(bytes)
    else this.#sink.append(value as string)
    if (chunked) this.#sink.append('\r\n')
  }

  #end(): void {
    if (this.framing === ContentFraming.Length && this.#left > 0)
      throw new RangeError('The content is shorter than its Content-Length')
    if (this.framing === ContentFraming.Chunked)
      this.#sink.append(this.#trailers ? trailerSection(trailerFields(this.#trailers())) : LAST_CHUNK)
    this.#stopped = true
  }
}

/** Cancels the source of a reply that is not going to be sent; one that cannot be read cannot be cancelled either. */
export function dropSource(source: BodySource, reason: unknown): void {
  if (typeof source !== 'object' || source === null || source instanceof Uint8Array) return
  try {
    pullerOf(source).cancel(reason).catch(ignore)
  } catch {
    // Its owner has it.
  }
}

/** Reads the content of a reply in place of core, to send it on in another form. @throws TypeError when it is none. */
export function pullerOf(source: BodySource): Puller {
  if (source instanceof ReadableStream) {
    const reader = source.getReader()
    return { next: () => reader.read(), cancel: (reason) => reader.cancel(reason) }
  }
  if (source === null || typeof source === 'string' || source instanceof Uint8Array) return once(source ?? '')
  if (typeof source[Symbol.asyncIterator] !== 'function')
    throw new TypeError('The content of a reply is text, bytes, or a stream of them')
  const iterator = source[Symbol.asyncIterator]()
  return {
    // Whoever wraps a source, with `for await` for example, hides this offer from it.
    next: (spare) => (iterator as AsyncIterator<Uint8Array | string, undefined, Uint8Array | undefined>).next(spare),
    cancel: async (reason) => {
      // A Node stream's iterator waits for a pending read before it returns; its own destroy does not.
      const { destroy } = source as { destroy?: (error?: Error) => void }
      if (typeof destroy === 'function') destroy.call(source)
      return iterator.return?.(reason)
    },
  }
}

/** Content that is at hand. */
function once(value: Uint8Array | string): Puller {
  let done = false
  return {
    next: () => {
      const result = { done, value }
      done = true
      return Promise.resolve(result)
    },
    cancel: () => Promise.resolve(),
  }
}

/** The trailer fields of a reply, but for those that must not be there (RFC 9110 §6.5.1). */
export function trailerFields(init: HeadersInit): (readonly [string, string])[] {
  return [...(Symbol.iterator in init ? init : Object.entries(init))].filter(([name]) => isTrailerField(name))
}

function ignore(): void {}
