// What is behind a request object of Node's class.
import type { Context } from '@spillway/core'
import { isTold } from './client-errors.ts'
import { type Failing, asError, connectionReset, guardListeners, ownerOf } from './failures.ts'
import { linesOf } from './fields.ts'
import type { Incoming } from './internals.ts'

/** Answers the request whose content could not be read. */
export interface Answering extends Failing {
  /** The content has ended, or will never arrive. */
  contentEnded(): void
  /** Ends the exchange here, whatever has been sent. */
  cut(): void
}

/**
 * What is behind a request object of Node's class: its head comes from one of our requests, its content is read from `c.body`, and it
 * ends like one of `node:http`.
 */
export class RequestSide implements Failing {
  readonly message: Incoming
  readonly #c: Context
  readonly hasContent: boolean
  #answering: Answering | undefined
  #content: AsyncIterator<Uint8Array> | undefined
  #isPulling = false
  #isEnded = false
  /** The reply has been sent, and nobody has read the content: what still comes is dropped. */
  #isDumped = false
  /** The connection goes on after the end of the request. */
  #keepsSocket = false
  #isWatched = false

  /** @param length of the content, as far as it is known without reading: null when it is not, 0 for none. */
  constructor(c: Context, message: Incoming, url: string, length?: number | null) {
    this.#c = c
    this.message = message
    const { httpVersion } = c
    message.httpVersion = httpVersion
    message.httpVersionMajor = httpVersion === '2.0' ? 2 : 1
    message.httpVersionMinor = httpVersion === '1.1' ? 1 : 0
    message.method = c.method
    message.url = url
    message.upgrade = false
    const { text } = c.headers as Context['headers'] & { readonly text?: string }
    const lines = text === undefined ? [...c.headers].flat() : linesOf(text, text.indexOf('\r\n') + 2)
    message._addHeaderLines(lines, lines.length)
    for (let i = 0; i < lines.length; i += 2) if (lines[i]!.length === 9) keepName(message, lines[i]!, lines[i + 1]!)
    this.hasContent = (length === undefined ? c.body.length : length) !== 0
    message._read = read
    message._destroy = destroy
    guardListeners(message, this)
  }

  /** @param answering is told of failures here. */
  answeredBy(answering: Answering): void {
    this.#answering = answering
  }

  failed(error: unknown): void {
    this.#answering?.failed(error)
  }

  /** @internal */
  cut(): void {
    this.#answering?.cut()
  }

  /** Reports the client's leaving at once to those who ask for it, not only when a reply fails. */
  watch(): void {
    this.message.on = on as Incoming['on']
  }

  /** @internal */
  asked(): void {
    if (this.#isWatched) return
    this.#isWatched = true
    const { signal } = this.#c
    if (signal.aborted) this.gone()
    else signal.addEventListener('abort', () => this.gone())
  }

  /** The head has been passed to the application. */
  begun(): void {
    if (this.hasContent) return
    const { message } = this
    message.complete = true
    // If nobody has looked at the content, there is nobody to tell.
    if (message._eventsCount > 0 || message.readableFlowing !== null) this.#end()
  }

  /** The connection now belongs to the application, and with it whatever comes after the head. */
  passed(): void {
    const { message } = this
    this.#isEnded = true
    message.complete = true
    message.push(null)
  }

  /** Whether the application waits for content that the client has not sent. */
  get isAwaited(): boolean {
    return this.#isPulling && !this.#isDumped
  }

  /** Whether content is still being read that will not be there when the reply is sent. */
  get isReading(): boolean {
    const { message } = this
    if (!this.hasContent || message.complete || message.destroyed) return false
    return message.readableFlowing === true || message.listenerCount('readable') > 0
  }

  /** Reads on; tells a client that waits for permission to go on. */
  pull(): void {
    if (!this.hasContent || this.#isDumped) return this.#end()
    if (this.#isPulling) return
    this.#isPulling = true
    this.#content ??= this.#c.body[Symbol.asyncIterator]()
    this.#content.next().then(
      ({ done, value }) => {
        this.#isPulling = false
        if (done) this.#end()
        else this.message.push(value)
      },
      (error: unknown) => {
        this.#isPulling = false
        if (this.#isDumped) this.#end()
        else this.#broken(error)
      },
    )
  }

  #end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    const { message } = this
    message.complete = true
    const trailers = this.hasContent ? this.#c.body.trailers : null
    if (trailers) message._addHeaderLines(trailers.flat(), trailers.length * 2)
    message.push(null)
    this.#answering?.contentEnded()
  }

  /** The content is invalid, or did not arrive. */
  #broken(error: unknown): void {
    this.#keepsSocket = true
    const { message } = this
    const { by } = error as { by?: string }
    // Nobody waits for an answer, or it is somebody else's.
    const isTooLate = by === 'handler' || isTold(message.socket)
    // A client that has left is known by this code.
    message.destroy(isTooLate || by === 'peer' ? connectionReset() : asError(error))
    if (!isTooLate) this.failed(error)
    this.#answering?.contentEnded()
  }

  /** The reply has been sent: nobody waits any more for content that was not read. */
  answered(): void {
    const { message } = this
    if (message._consuming || (message._readableState.resumeScheduled && message.readableFlowing)) return
    this.#isDumped = true
    // Where nobody listens, nobody is told.
    if (this.hasContent || message._eventsCount > 0) message._dump()
  }

  /** The client left before it had its reply, or was cut off. */
  gone(): void {
    this.#keepsSocket = true
    if (!this.message.destroyed) this.message.destroy(connectionReset())
  }

  /** @internal */
  destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const { message } = this
    const { complete, socket } = message
    if (this.#keepsSocket) {
      if (!message.readableEnded || !complete) {
        message.aborted = true
        message.emit('aborted')
      }
    } else if (!message.readableEnded || !complete) {
      message.aborted = true
      message.emit('aborted')
      socket?.destroy(error ?? undefined)
    }
    // As in Node: an error is only reported if somebody listens for it.
    process.nextTick(() => done(message.listenerCount('error') > 0 ? error : null))
  }
}

/** A field named like a member of every object, such as `__proto__`, is a field like any other; Node would lose it. */
function keepName({ headers }: Incoming, name: string, value: string): void {
  if (name !== '__proto__' || Object.hasOwn(headers, name)) return
  Object.defineProperty(headers, name, { value, configurable: true, enumerable: true, writable: true })
}

function read(this: Incoming): void {
  if (!this._consuming) {
    this._readableState.readingMore = false
    this._consuming = true
  }
  ownerOf<RequestSide>(this).pull()
}

function on(this: Incoming, name: string | symbol, listener: (...args: any[]) => void): Incoming {
  if (name === 'aborted' || name === 'close') ownerOf<RequestSide>(this).asked()
  return (Object.getPrototypeOf(this) as Incoming).on.call(this, name, listener)
}

function destroy(this: Incoming, error: Error | null, done: (error?: Error | null) => void): void {
  ownerOf<RequestSide>(this).destroy(error, done)
}
