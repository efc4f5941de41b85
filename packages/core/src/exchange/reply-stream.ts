// Content that is produced while it is sent: pulled from its source, framed, and slowed down to the reader's pace.
import type { Holding } from '../transport/holding.ts'
import { LAST_CHUNK, chunkPrefix, isTrailerField, trailerSection } from '@spillway/parser/serialize'
import type { BodySource } from './reply.ts'
import { type FieldsInit, fieldPairs } from './reply-headers.ts'
import { ContentFraming, isAscii, sliceBytes } from './content.ts'
import { guarded, ignore, isThenable } from './guarded.ts'
import { type Scope } from './scope.ts'
import { type Puller, checkedPiece, checkedPull, letGo, pullerOf, scopeOf } from './source.ts'

/** Where streamed content goes. @internal */
export interface StreamSink {
  append(text: string): void
  appendBytes(bytes: Uint8Array): void
  /** Sends what was appended by the end of this turn; false when the client does not keep up. */
  commit(): boolean
  /** Whether all bytes appended so far have been sent. */
  readonly left: boolean
}

/** Is told how streamed content ended. @internal */
export interface StreamEnd {
  streamEnded(): void
  /** The source failed, or did not match its declared length. @param scope the async context in which it was read. */
  streamFailed(error: unknown, scope?: Scope): void
}

/** Moves the content of one reply from its source to the connection, at the client's pace. */
export class ReplyStream {
  readonly framing: ContentFraming
  readonly #sink: StreamSink
  readonly #source: BodySource
  readonly #puller: Puller
  readonly #report: (error: unknown) => void
  readonly #trailers: (() => FieldsInit) | undefined
  #left: number
  #stopped = false
  /** Content that the application has in memory. */
  readonly #atHand: BodySource
  #sending: Uint8Array | undefined
  /** Bytes sent since the event loop last had a turn. */
  #sinceTurn = 0
  #resume: (() => void) | undefined

  /** @param report is told what the source fails with once its content is no longer wanted. @throws TypeError for an invalid source. */
  constructor(
    sink: StreamSink,
    source: BodySource,
    framing: ContentFraming,
    length: number,
    trailers: (() => FieldsInit) | undefined,
    report: (error: unknown) => void,
  ) {
    this.#sink = sink
    this.#source = source
    this.#report = report
    this.#puller = pullerOf(source)
    this.framing = framing
    this.#left = length
    this.#atHand = source
    this.#trailers = trailers
  }

  async run(owner: StreamEnd): Promise<void> {
    try {
      for (let spare: Uint8Array | undefined; ;) {
        const { done, value } = checkedPull(await this.#puller.next(spare))
        spare = undefined
        if (this.#stopped) return
        if (done) break
        const piece = checkedPiece(value)
        if (piece.length === 0) continue
        await this.#send(piece)
        if (typeof piece !== 'string' && this.#sink.left) spare = piece
        await this.#pause(piece.length)
        if (this.#stopped) return
      }
      this.#end()
      owner.streamEnded()
    } catch (error) {
      if (this.#stopped) return
      this.stop(error)
      owner.streamFailed(error, scopeOf(this.#source))
    }
  }

  /** What the source holds, and a piece of it that was too large for one write. */
  held(holding: Holding): number {
    if (this.#sending) holding.share(this.#sending.buffer, this.#sending.length)
    return this.#puller.held?.(holding) ?? 0
  }

  /** The client keeps up again. */
  resume(): void {
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }

  /** The content is no longer wanted: cancels the source. */
  stop(reason: unknown): void {
    if (this.#stopped) return
    this.#stopped = true
    this.resume()
    letGo(this.#source, this.#puller, reason, this.#report)
  }

  /** Sends one piece, in slices when it is large, so that the progress of a slow reader can be seen. */
  async #send(value: Uint8Array | string): Promise<void> {
    if (value.length <= sliceBytes) {
      this.#write(value)
      if (!this.#sink.commit()) await this.#drained()
      return
    }
    const bytes = typeof value === 'string' ? Buffer.from(value) : value
    if (bytes !== this.#atHand) this.#sending = bytes
    for (let at = 0; at < bytes.length && !this.#stopped; at += sliceBytes) {
      this.#write(bytes.subarray(at, at + sliceBytes))
      if (!this.#sink.commit()) await this.#drained()
    }
    this.#sending = undefined
  }

  /** A source that is always ready, and a client that always reads, must not monopolize the event loop. */
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
    if (this.framing === ContentFraming.Chunked) {
      if (this.#trailers) this.#sink.appendBytes(trailerSection(trailerFields(this.#trailers())))
      else this.#sink.append(LAST_CHUNK)
    }
    this.#stopped = true
  }
}

/** The trailer fields of a reply, except those that are not allowed there (RFC 9110 §6.5.1). */
export function trailerFields(init: FieldsInit): (readonly [string, string])[] {
  if (isThenable(init)) {
    guarded(() => init, ignore)
    throw new TypeError('`trailers` must return fields, not a promise of them')
  }
  return fieldPairs(init).filter(([name]) => isTrailerField(name))
}
