// Ownership of a reply's content. A source may fail at any moment, even if it is never read: for a HEAD, a
// 304, a client that has gone. Node streams report that with an event, which ends the process when nobody listens.
import type { Holding, Holds } from '../transport/holding.ts'
import { guarded, ignore, isThenable, kindOf } from './guarded.ts'
import type { BodySource } from './reply.ts'
import { type Scope, scopeOfNow, within } from './scope.ts'

type Report = (error: unknown) => void

export type Piece = Uint8Array | string
export interface Pulled {
  readonly done?: boolean | undefined
  readonly value?: Piece | undefined
}

/** Content that is read piece by piece. */
export type Source = Exclude<BodySource, null | Piece>

/** Reads the content of a reply piece by piece, whatever its kind. */
export interface Puller {
  /** @param spare the bytes of the last value, once they have been sent: the source may overwrite them with the next ones. */
  next(spare?: Uint8Array): Promise<Pulled>
  /** Releases the source, even while `next` waits for it. */
  cancel(reason: unknown): Promise<unknown>
  /** What the source holds, as far as it tells. */
  held?(holding: Holding): number
}

/** Node streams that we listen to, and who is told when they fail after nobody reads them any more. */
const owned: WeakMap<object, Report> = new WeakMap()

/** The async contexts in which sources were given: that is where they are read. */
const scopes: WeakMap<object, Scope & object> = new WeakMap()

/**
 * Takes what is not text for content: of a source, a failure is an error of the reply from now on, and not of the process.
 * @throws TypeError for what cannot be content, here, where the stack has whoever gave it.
 */
export function own(content: unknown): void {
  if (isBytes(content)) return
  if (typeof content !== 'object' || content === null || !mayBeRead(content)) throw noContent(content)
  ownSource(content)
}

/** Whether an object may be a source. When looking at it fails, so will reading it: then there is somebody to tell. */
function mayBeRead(object: object): boolean {
  try {
    if (isStream(object)) return true
    // A promise may still be rejected.
    guarded(() => object, ignore)
    return false
  } catch {
    return true
  }
}

function ownSource(source: object): void {
  const scope = scopes.has(source) ? undefined : scopeOfNow()
  if (scope) scopes.set(source, scope)
  try {
    const { on } = source as { readonly on?: unknown }
    if (typeof on !== 'function' || owned.has(source)) return
    owned.set(source, ignore)
    on.call(source, 'error', (error: unknown) => owned.get(source)?.(error))
  } catch {
    // Inspecting it fails already, and so will reading it: then there is somebody to tell.
  }
}

/** Whether content is bytes, of any realm. Unlike `instanceof` alone, it does not trigger a `Proxy`, and so never throws. */
export function isBytes(content: unknown): content is Uint8Array {
  if (!ArrayBuffer.isView(content)) return false
  return content instanceof Uint8Array || Object.prototype.toString.call(content) === '[object Uint8Array]'
}

/** A piece of streamed content. @throws TypeError when it is not valid. */
export function checkedPiece(value: unknown): Piece {
  if (typeof value === 'string' || isBytes(value)) return value
  throw new TypeError(`The pieces of streamed content are text or bytes, not ${kindOf(value)}`)
}

/** What a source gave to `next`. @throws TypeError when it is not valid, as `for await` does. */
export function checkedPull(pulled: unknown): Pulled {
  if (typeof pulled === 'object' && pulled !== null) return pulled
  throw new TypeError(`The iterator of streamed content gives { done, value }, not ${kindOf(pulled)}`)
}

/** Whether content is read piece by piece. Never throws, whatever it is. */
export function isSource(content: BodySource): content is Source {
  return typeof content === 'object' && content !== null && !isBytes(content)
}

/**
 * Releases content that is not going to be sent. Never throws.
 * @param report is told what goes wrong with it from now on, or has already gone wrong unnoticed. Default: nobody is told.
 */
export function dropSource(content: BodySource, reason: unknown, report: Report = ignore): void {
  if (!isSource(content)) return
  guarded(() => letGo(content, pullerOf(content), reason, report), ignore)
}

/** Like {@link dropSource}, for a source that is being read. */
export function letGo(source: BodySource, puller: Puller, reason: unknown, report: Report): void {
  // If it fails with the reason it was stopped for, that is not worth reporting.
  const tell = (error: unknown): void => {
    if (error !== reason && !isAbort(error)) report(error)
  }
  const origin = source instanceof Begun ? source.origin : source
  if (isSource(origin) && owned.has(origin)) {
    owned.set(origin, tell)
    const { errored } = origin as { readonly errored?: unknown }
    if (errored) tell(errored)
  }
  guarded(() => puller.cancel(reason), tell)
}

function isAbort(error: unknown): boolean {
  try {
    return (error as Error | null)?.name === 'AbortError'
  } catch {
    return false
  }
}

/** Reads the content of a reply instead of core, to send it on in another form. @throws TypeError for invalid content. */
export function pullerOf(source: BodySource): Puller {
  if (source === null || typeof source === 'string' || isBytes(source)) return once(source ?? '')
  if (source instanceof Begun) return source
  const scope = scopes.get(source)
  if (scope === undefined) return readerOf(source)
  const puller = within(scope, readerOf, source)
  return {
    next: (spare) => within(scope, () => puller.next(spare)),
    cancel: (reason) => within(scope, () => puller.cancel(reason)),
    held: (holding) => puller.held?.(holding) ?? 0,
  }
}

function readerOf(source: Source): Puller {
  if (isWebStream(source)) return new StreamPuller(source.getReader())
  if (typeof source[Symbol.asyncIterator] !== 'function') throw noContent(source)
  return new IteratorPuller(source, source[Symbol.asyncIterator]())
}

/** Reads a stream of the web. */
class StreamPuller implements Puller {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>) {
    this.#reader = reader
  }

  next(): Promise<Pulled> {
    return this.#reader.read()
  }

  cancel(reason: unknown): Promise<unknown> {
    return this.#reader.cancel(reason)
  }
}

/** Reads an async iterable, which may be a stream of Node. */
class IteratorPuller implements Puller {
  readonly #source: AsyncIterable<Piece>
  readonly #iterator: AsyncIterator<Piece, undefined, Uint8Array | undefined>

  constructor(source: AsyncIterable<Piece>, iterator: AsyncIterator<Piece>) {
    this.#source = source
    this.#iterator = iterator as AsyncIterator<Piece, undefined, Uint8Array | undefined>
  }

  /** Code that wraps a source, with `for await` for example, hides the spare bytes from it. */
  next(spare?: Uint8Array): Promise<Pulled> {
    return this.#iterator.next(spare)
  }

  async cancel(reason: unknown): Promise<unknown> {
    // The iterator of a Node stream waits for a pending read before it returns; the stream's own destroy does not.
    const { destroy } = this.#source as { destroy?: (error?: Error) => void }
    if (typeof destroy === 'function') destroy.call(this.#source)
    return this.#iterator.return?.(reason as undefined)
  }

  held(holding: Holding): number {
    return heldBy(this.#source, holding)
  }
}

/** The error of a reply whose content is none. */
export function noContent(content: unknown): TypeError {
  return new TypeError(
    `The content of a reply is text, bytes, or a stream of them, not ${kindOf(content)}${adviceFor(content)}`,
  )
}

function adviceFor(content: unknown): string {
  try {
    if (isThenable(content)) return ': is an `await` missing?'
    return typeof content === 'object' && content !== null ? ': c.json(…) sends values' : ''
  } catch {
    return ''
  }
}

/** Whether an object is a stream of the web, whoever made it. Inspecting it may run foreign code. */
function isWebStream(object: object): object is ReadableStream<Uint8Array> {
  return typeof (object as Partial<ReadableStream>).getReader === 'function'
}

/** Whether an object can be read piece by piece, of whatever kind. Inspecting it may run foreign code. */
export function isStream(object: object): object is Source {
  return isWebStream(object) || Symbol.asyncIterator in object
}

/** A source whose first pieces have already been read. */
export class Begun implements Puller, AsyncIterable<Piece> {
  readonly origin: Source
  readonly #puller: Puller
  readonly #pieces: Piece[]
  #pending: Promise<Pulled> | undefined

  /** @param pending the read that follows the pieces that came. */
  constructor(origin: Source, puller: Puller, pieces: Piece[], pending: Promise<Pulled> | undefined) {
    this.origin = origin
    this.#puller = puller
    this.#pieces = pieces
    this.#pending = pending
  }

  next(spare?: Uint8Array): Promise<Pulled> {
    const value = this.#pieces.shift()
    if (value !== undefined) return Promise.resolve({ value })
    const pending = this.#pending
    this.#pending = undefined
    return pending ?? this.#puller.next(spare)
  }

  cancel(reason: unknown): Promise<unknown> {
    return this.#puller.cancel(reason)
  }

  held(holding: Holding): number {
    for (const piece of this.#pieces) if (typeof piece !== 'string') holding.share(piece.buffer, piece.length)
    return this.#puller.held?.(holding) ?? 0
  }

  /** It only has to look like content of a reply; it is read as a {@link Puller}. */
  [Symbol.asyncIterator](): never {
    throw new TypeError('The content has begun to be read')
  }
}

/** A source may report what it holds; Node streams report what they have read ahead. */
function heldBy(source: object, holding: Holding): number {
  const { held, readableLength = 0 } = source as Partial<Holds> & { readonly readableLength?: number }
  return held ? held.call(source, holding) : readableLength
}

/** The async context in which a source is read, and in which its failure is reported. */
export function scopeOf(source: BodySource): Scope {
  const origin = source instanceof Begun ? source.origin : source
  return isSource(origin) ? scopes.get(origin) : undefined
}

/** Content that is in memory. */
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
