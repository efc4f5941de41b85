// The content of a response that the application writes.
import { guarded } from '@spillway/core'
import type { Sent } from './internals.ts'

/** A piece of content, and the callback that waits for it to be sent. */
interface Piece {
  readonly data: string | Uint8Array
  readonly sent: Sent | null
}

/** Is told about content that was written. */
export interface ContentOwner {
  /** Bytes were taken. @param isEmpty whether nothing is left. */
  taken(length: number, isEmpty: boolean): void
  failed(error: unknown): void
  /** Resolves when content may end. */
  readyToEnd(): Promise<void> | undefined
}

/** What was written and has not been sent yet. A piece counts as sent when the next one is asked for. */
export class Content implements AsyncIterable<Uint8Array | string> {
  readonly #owner: ContentOwner
  #pieces: Piece[] = []
  #at = 0
  #sending: Piece | undefined
  #isEnded = false
  #isUnwanted = false
  #error: Error | undefined
  #wake: (() => void) | undefined

  constructor(owner: ContentOwner) {
    this.#owner = owner
  }

  push(data: string | Uint8Array, sent: Sent | null): void {
    if (this.#isUnwanted) {
      this.#owner.taken(data.length, true)
      // As in Node: when the client has gone, write callbacks are not told here.
      if (sent && !this.#error) this.#tell(sent, null)
      return
    }
    this.#pieces.push({ data, sent })
    this.#wakeUp()
  }

  /** There will be no more. Returns the callback of the last piece if that is empty: it waits for all of them to be sent. */
  end(): Sent | null {
    this.#isEnded = true
    const last = this.#pieces.at(-1)
    const isMark = last !== undefined && last.data.length === 0
    if (isMark) this.#pieces.pop()
    this.#wakeUp()
    return isMark ? last.sent : null
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** What was written will not be completed: the reader gets an error, if there still is one. */
  fail(error: Error): void {
    this.#error ??= error
    this.#wakeUp()
  }

  /** Everything there is, in one piece. */
  whole(): string | Uint8Array | null {
    if (this.#pieces.length === 1) return this.#pieces[0]!.data
    const pieces = this.#pieces.filter(({ data }) => data.length > 0)
    if (pieces.length < 2) return pieces[0]?.data ?? null
    if (pieces.every(({ data }) => typeof data === 'string')) return pieces.map(({ data }) => data as string).join('')
    return Buffer.concat(pieces.map(({ data }) => (typeof data === 'string' ? Buffer.from(data) : data)))
  }

  /** Nobody reads any further. @param error for the callbacks that wait; null when everything was sent. */
  close(error: Error | null): void {
    this.#isUnwanted = true
    this.#error ??= error ?? undefined
    this.#takeSent(error)
    for (; this.#at < this.#pieces.length; this.#at++) this.#take(this.#pieces[this.#at]!, error)
    this.#pieces = []
    this.#at = 0
    this.#wakeUp()
  }

  next(): Promise<IteratorResult<Uint8Array | string, undefined>> {
    this.#takeSent(null)
    return this.#next()
  }

  async #next(): Promise<IteratorResult<Uint8Array | string, undefined>> {
    for (;;) {
      if (this.#error) throw this.#error
      const piece = this.#pieces[this.#at]
      if (piece) {
        this.#at++
        if (this.#at === this.#pieces.length) {
          this.#pieces = []
          this.#at = 0
        }
        this.#sending = piece
        return { done: false, value: piece.data }
      }
      if (this.#isEnded) {
        await this.#owner.readyToEnd()
        if (!this.#error) return { done: true, value: undefined }
      } else if (this.#isUnwanted) return { done: true, value: undefined }
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  async return(): Promise<IteratorResult<Uint8Array | string, undefined>> {
    this.close(null)
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array | string, undefined> {
    return this
  }

  #takeSent(error: Error | null): void {
    const piece = this.#sending
    this.#sending = undefined
    if (piece) this.#take(piece, error)
  }

  #take({ data, sent }: Piece, error: Error | null): void {
    if (sent) this.#tell(sent, error)
    this.#owner.taken(data.length, this.#pieces.length === this.#at)
  }

  #tell(sent: Sent, error: Error | null): void {
    process.nextTick(() => guarded(sent, (failure) => this.#owner.failed(failure), error))
  }

  #wakeUp(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
