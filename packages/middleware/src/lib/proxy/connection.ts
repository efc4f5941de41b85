// An HTTP/1.1 connection to an upstream server.
import type { Socket } from 'node:net'
import { NodeTransport, type ReplyHeaders, type TransportSink } from '@spillway/core'
import { giveBack } from '@spillway/core/sockets'
import { LAST_CHUNK, chunkPrefix, trailerSection } from '@spillway/parser/serialize'
import { type FailureKind, UpstreamError } from './errors.ts'
import { type Answer, type Requester, type UpstreamExchange, deadlineIn } from './exchange.ts'
import { type OutgoingHead, headText } from './request-head.ts'
import type { ResponseBody } from './response-body.ts'
import { type Response, ResponseReader, type ResponseSink } from './response-reader.ts'
import type { Swept } from './sweep.ts'

/** How long each phase of an exchange with an upstream server may take. Milliseconds; 0 turns a deadline off. */
export interface UpstreamTimeouts {
  /** Until the connection is established, including TLS; also how long to wait for a free one when all are in use. Default: 5000. */
  readonly connect: number
  /** From the end of the request to the end of the response's head; also the time for the server to accept what is sent. Default: 60 000. */
  readonly head: number
  /** Between two pieces of the response's content, while the client takes them. Default: 60 000. */
  readonly bodyIdle: number
  /**
   * How long an idle connection is kept for the next request. A server's `Keep-Alive: timeout` is respected. Default: 4000, less
   * than the 5 seconds after which the most impatient servers close theirs.
   */
  readonly keepAlive: number
}

/** An idle connection is no longer used when fewer milliseconds than this remain until its announced end. */
const keepAliveMargin = 1000

const Phase = { Connecting: 0, Idle: 1, Head: 2, Content: 3, Closed: 4 } as const
type Phase = (typeof Phase)[keyof typeof Phase]

/** The owner of a connection. */
export interface ConnectionOwner {
  readonly url: string
  readonly timeouts: UpstreamTimeouts
  /** The exchange is over, and the connection may be reused. */
  released(connection: UpstreamConnection): void
  /** Another protocol has taken the connection over: it no longer belongs to the owner. */
  switched(connection: UpstreamConnection): void
  closed(connection: UpstreamConnection): void
}

// decision 025
/** One connection to an upstream server: one request at a time, and a deadline for everything it waits for. */
export class UpstreamConnection implements Swept, ResponseSink, UpstreamExchange, TransportSink {
  client: string | undefined = undefined
  /** When it was opened, by `performance.now()`. */
  readonly since: number = performance.now()
  readonly #owner: ConnectionOwner
  readonly #socket: Socket
  readonly #transport: NodeTransport
  readonly reuse: (piece: Uint8Array) => void = giveBack
  readonly #reader: ResponseReader = new ResponseReader(this)
  #phase: Phase = Phase.Connecting
  /** By `performance.now()`, 0 for none. The phase says what it is for. */
  #deadline: number
  /** Whether it has already served an exchange. */
  #reused = false
  /** The request is complete. */
  #sent = false
  #isChunked = false
  #requester: Requester | undefined
  #resolve: ((answer: Answer) => void) | undefined
  #reject: ((error: Error) => void) | undefined
  /** Waits for the connection to be established, or for room to write. */
  #ready: ((ok: boolean) => void) | undefined
  #error: Error | undefined

  /** @param dial opens the socket and calls back when it can be written to. */
  constructor(owner: ConnectionOwner, dial: (ready: () => void) => Socket) {
    this.#owner = owner
    this.#deadline = deadlineIn(owner.timeouts.connect)
    this.#socket = dial(() => this.#connected())
    this.#transport = new NodeTransport(this.#socket)
    this.#transport.attach(this)
  }

  get connecting(): boolean {
    return this.#phase === Phase.Connecting
  }

  /** Whether a request can be sent: neither side has ended since the last one, and no unexpected bytes have come. */
  get usable(): boolean {
    return this.#phase === Phase.Idle && (this.#deadline === 0 || performance.now() < this.#deadline)
  }

  connected(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#reject = reject
      this.#ready = (ok) => {
        if (ok) resolve()
      }
    })
  }

  // ── the request ────────────────────────────────────────────────────────────────────────────────────────────────

  request(head: OutgoingHead, requester: Requester): Promise<Answer> {
    const { hasContent, isChunked } = head.plan
    this.#phase = Phase.Head
    this.#requester = requester
    this.#reader.begin(head.method)
    this.#sent = !hasContent
    this.#isChunked = hasContent && isChunked
    this.#deadline = hasContent ? 0 : deadlineIn(this.#owner.timeouts.head)
    if (hasContent) {
      // Content that is already there leaves together with the head.
      this.#socket.cork()
      setImmediate(() => this.#socket.uncork())
    }
    this.#socket.write(headText(head), 'latin1')
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#open) return false
    if (this.#isChunked) this.#socket.write(chunkPrefix(bytes.length), 'latin1')
    let ready = this.#socket.write(bytes)
    if (this.#isChunked) ready = this.#socket.write('\r\n', 'latin1')
    if (this.#phase === Phase.Head) this.#deadline = ready ? 0 : deadlineIn(this.#owner.timeouts.head)
    return ready
  }

  writable(): Promise<boolean> {
    if (!this.#open) return Promise.resolve(false)
    return new Promise((resolve) => {
      this.#ready = resolve
    })
  }

  sent(trailers: readonly (readonly [string, string])[] | undefined): void {
    if (!this.#open) return
    if (this.#isChunked) this.#socket.write(trailers ? trailerSection(trailers) : LAST_CHUNK)
    this.#sent = true
    if (this.#phase === Phase.Head) this.#deadline = deadlineIn(this.#owner.timeouts.head)
  }

  /** Whether an exchange is under way. */
  get #open(): boolean {
    return this.#phase === Phase.Head || this.#phase === Phase.Content
  }

  #connected(): void {
    this.#phase = Phase.Idle
    this.#deadline = 0
    this.#wake(true)
  }

  onDrain(): void {
    // From now on it waits for the client's content, which has a deadline of its own.
    if (this.#phase === Phase.Head && !this.#sent) this.#deadline = 0
    this.#wake(true)
  }

  #wake(ok: boolean): void {
    const ready = this.#ready
    this.#ready = undefined
    ready?.(ok)
  }

  // ── the response ───────────────────────────────────────────────────────────────────────────────────────────────

  onData(chunk: Uint8Array, keepable: boolean): void {
    if (this.#open) this.#reader.read(chunk, keepable)
    // Unexpected bytes could not be told from the next response.
    else this.destroy()
  }

  interim(status: number, fields: ReplyHeaders): void {
    if (status === 100) this.#requester!.onContinue()
    else this.#requester!.onInterim(status, fields)
  }

  response(response: Response): void {
    this.#phase = Phase.Content
    this.#resolve!(response)
  }

  received(body: ResponseBody): void {
    if (!body.full) this.#deadline = deadlineIn(this.#owner.timeouts.bodyIdle)
    else {
      this.#deadline = 0
      this.#socket.pause()
    }
  }

  demand(): void {
    this.#deadline = deadlineIn(this.#owner.timeouts.bodyIdle)
    this.#socket.resume()
  }

  complete(reusable: boolean, keepAlive: number | undefined): void {
    this.#over()
    if (!reusable || !this.#sent || this.#socket.readableEnded) return this.destroy()
    const { timeouts } = this.#owner
    this.#reused = true
    this.#phase = Phase.Idle
    this.#deadline =
      keepAlive === undefined
        ? deadlineIn(timeouts.keepAlive)
        : deadlineIn(Math.max(1, keepAlive * 1000 - keepAliveMargin))
    this.#socket.resume()
    this.#owner.released(this)
  }

  switched(fields: ReplyHeaders, leftover: Uint8Array): void {
    if (!fields.has('upgrade')) return this.malformed('101 without Upgrade')
    const resolve = this.#resolve!
    const transport = this.#transport
    this.#phase = Phase.Closed
    this.#deadline = 0
    this.#over()
    transport.pause()
    this.#owner.switched(this)
    resolve({
      status: 101,
      fields,
      content: null,
      trailers: null,
      tunnel: { transport, leftover, isStream: false },
    })
  }

  malformed(what: string): void {
    this.#fail('invalid', `malformed response: ${what}`)
  }

  // ── ending ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The exchange is over. */
  #over(): void {
    const requester = this.#requester
    this.#requester = undefined
    this.#resolve = undefined
    this.#reject = undefined
    requester?.onOver()
    this.#wake(false)
  }

  onEnd(): void {
    if (!this.#reader.end()) this.#lost('ended by the server')
  }

  onClose(error: Error | undefined): void {
    this.#error = error
    this.#lost(error?.message ?? 'closed')
    this.#owner.closed(this)
  }

  /** The connection is lost, or as good as lost. */
  #lost(message: string): void {
    if (this.#phase === Phase.Connecting) this.#fail('connect', message)
    else if (this.#phase === Phase.Head) this.#fail('closed', message)
    else if (this.#phase === Phase.Content) this.#fail('cut', message)
    else this.destroy()
  }

  #fail(kind: FailureKind, message: string): void {
    const error = new UpstreamError(kind, this.#owner.url, message, this.#error)
    error.stale = kind === 'closed' && this.#reused && !this.#reader.heard
    this.cancel(error)
  }

  lose(message: string): void {
    this.#lost(message)
  }

  /** Ends the exchange, or the attempt to connect, with an error; does nothing when it is over. */
  cancel(reason: Error): void {
    if (this.#phase === Phase.Closed) return
    const reject = this.#reject
    const { body } = this.#reader
    this.destroy()
    body?.fail(reason)
    reject?.(reason)
  }

  destroy(): void {
    this.#phase = Phase.Closed
    this.#deadline = 0
    this.#over()
    this.#socket.destroy()
  }

  tick(now: number): void {
    if (this.#deadline !== 0 && now >= this.#deadline) this.#expire()
    else this.#requester?.onWait()
  }

  /** If this process was busy, bytes may be waiting in the kernel: looks once more before giving up. */
  #expire(): void {
    const deadline = this.#deadline
    setImmediate(() => {
      if (this.#deadline !== deadline) return
      if (this.#phase === Phase.Connecting) this.#fail('connect-timeout', 'no connection in time')
      else if (this.#phase === Phase.Head) this.#fail('timeout', 'no response in time')
      else if (this.#phase === Phase.Content) this.#fail('timeout', 'no content in time')
      else this.destroy()
    })
  }
}
