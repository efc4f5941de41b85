// The content of an incoming request, within the window of its stream.
import type { Http2Machine, Http2Stream } from '@spillway/parser/http2'
import { AbortedError, unreadContent } from '../exchange/errors.ts'
import type { RequestContext } from '../exchange/request-context.ts'
import { type BodyPort, RequestBody } from '../exchange/request-body.ts'
import { isTooSlow } from '../server/options.ts'
import type { ServerCore } from '../server/server-core.ts'

/** The window of a stream whose content is read as fast as it arrives. */
const widest = 1024 * 1024

/** What the content of a request needs of its exchange. */
export interface IncomingOwner {
  /** Asks the client for content that it holds back (RFC 9110 §10.1.1). */
  sendContinue(): void
  /** Windows were opened outside a turn of the transport. */
  scheduleFlush(): void
}

/** The content of one request. Its window opens as it is read: unwanted content stays with the client (RFC 9113 §5.2). */
export class Incoming implements BodyPort {
  readonly #core: ServerCore
  readonly #machine: Http2Machine
  readonly #stream: Http2Stream
  readonly #owner: IncomingOwner
  #continueAwaited: boolean
  #body: RequestBody | undefined
  #isClosed = false
  /** Bytes that no longer count against the window. */
  #released = 0
  #waitedTicks = 0
  /** In ticks of the server's clock, 0 for none. */
  #deadline = 0

  constructor(
    core: ServerCore,
    machine: Http2Machine,
    stream: Http2Stream,
    owner: IncomingOwner,
    continueAwaited: boolean,
  ) {
    this.#core = core
    this.#machine = machine
    this.#stream = stream
    this.#owner = owner
    this.#continueAwaited = continueAwaited
  }

  open(context: RequestContext): RequestBody {
    const { expected, openIn } = this.#stream
    const length = openIn ? (expected < 0 ? null : expected) : 0
    // Of none, too, the end has to come: what comes in its place is malformed (RFC 9113 §8.1.1).
    const body = (this.#body = new RequestBody(this, length, this.#core.limits.bodyBytes, !openIn))
    if (this.#isClosed) body.fail(context.aborted ?? unreadContent())
    return body
  }

  demand(): void {
    if (this.#isClosed || !this.#stream.openIn) return
    if (this.#continueAwaited) {
      this.#continueAwaited = false
      this.#owner.sendContinue()
    }
    this.#release()
    this.#deadline = this.#core.clock.after(this.#core.timeouts.bodyIdle)
    this.#owner.scheduleFlush()
  }

  /** Nobody may read any more. */
  close(): void {
    this.#isClosed = true
    this.#deadline = 0
    this.#giveBack(this.#stream.received)
  }

  /** @param chunk lent. */
  onData(body: RequestBody, chunk: Uint8Array): void {
    if (this.#isClosed) return this.#giveBack(this.#stream.received)
    body.push(Buffer.from(chunk))
    this.#release()
    this.#deadline = body.full || !body.waiting ? 0 : this.#core.clock.after(this.#core.timeouts.bodyIdle)
  }

  onEnd(body: RequestBody, trailers: RequestBody['trailers']): void {
    this.#deadline = 0
    body.end(trailers)
  }

  /** Opens the window for everything that has been read; if somebody waits for the whole content, for everything that has arrived. */
  #release(): void {
    const body = this.#body
    if (body === undefined) return
    const held = body.waiting ? 0 : body.buffered
    // The reader is faster than the client is allowed to send.
    if (body.waiting && this.#stream.received - this.#released >= this.#stream.receiveWindow.size / 2)
      this.#machine.widen(this.#stream, Math.min(widest, this.#stream.receiveWindow.size * 2))
    this.#giveBack(this.#stream.received - held)
  }

  #giveBack(upTo: number): void {
    this.#machine.release(this.#stream, upTo - this.#released)
    this.#released = upTo
  }

  onTick(now: number): void {
    if (this.#deadline === 0) return
    const waited = ++this.#waitedTicks * this.#core.clock.interval
    const isSlow = this.#core.hasLeastRate && isTooSlow(this.#stream.received, waited)
    if (now < this.#deadline && !isSlow) return
    this.#deadline = 0
    this.#body!.fail(new AbortedError('timeout', 'The request content came too slowly'))
  }
}
