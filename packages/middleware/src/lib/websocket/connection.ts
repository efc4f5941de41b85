// One WebSocket, as its handlers see it.
import { AsyncResource } from 'node:async_hooks'
import {
  type AbortedBy,
  type MaybePromise,
  type Transport,
  AbortedError,
  ignore,
  isInstance,
  isThenable,
} from '@spillway/core'
import { isCloseCode } from '@spillway/parser/websocket'
import { Channel, type ChannelOptions, type ChannelOwner } from './channel.ts'
import type { PreparedMessage } from './prepared.ts'
import type { Ticker } from './ticker.ts'

/** An open WebSocket. */
export interface WebSocketConnection {
  /** The subprotocol that was agreed on; empty when there is none. */
  readonly protocol: string
  /** Bytes that were passed to `send` and are still waiting here. */
  readonly bufferedBytes: number
  /**
   * Aborts with an AbortedError when nothing more can be sent: the client is gone (even while a handler is running), or the
   * closing handshake is over.
   */
  readonly signal: AbortSignal
  /**
   * Sends text, or bytes, which must not be changed until they have been sent. Resolves at once as long as the client keeps up,
   * and otherwise when it has taken what is waiting, so that awaiting it gives back-pressure. Rejects with an AbortedError when
   * nothing can be sent any more; an unhandled rejection does no harm. It always settles. A client for which more than
   * `bufferedBytes` bytes are already waiting is cut off instead.
   */
  send(data: string | Uint8Array): Promise<void>
  /**
   * Closes after everything that was sent. What still arrives is not handled.
   * @param code Default: 1000.
   * @param reason at most 123 bytes in UTF-8. Default: none.
   * @throws RangeError for a code that must not be sent (RFC 6455 §7.4), or a reason that is too long.
   */
  close(code?: number, reason?: string): void
  /** Cuts the connection. */
  terminate(): void
}

/** What an application does with a WebSocket. A handler that throws or rejects closes it with 1011. */
export interface WebSocketHandlers<Message = string | Uint8Array> {
  readonly open?: (socket: WebSocketConnection) => MaybePromise<void>
  /**
   * Gets each message, a string or bytes, in order. While a promise that it returned is pending, the next message waits, and little more than
   * 64 KiB is read from the client: that is back-pressure. Pings are still answered.
   */
  readonly message?: (socket: WebSocketConnection, data: Message) => MaybePromise<void>
  /**
   * The connection is gone, and everything that came before has been handled; a handler that takes more than two seconds from then on is
   * not waited for. The code is 1005 when the client gave none, 1006 when it left without a Close (RFC 6455 §7.4.1), and the code that
   * was sent when the connection failed.
   */
  readonly close?: (socket: WebSocketConnection, code: number, reason: string) => MaybePromise<void>
}

/** Decodes a message before it is handled; it may reject the message. */
export type Decode = (data: string | Uint8Array) => MaybePromise<unknown>

/** A message that is not acceptable, with the code and the reason to close with. */
export class UnfitMessage extends Error {
  readonly code: number

  constructor(code: number, reason: string) {
    super(reason)
    this.code = code
  }
}

/** Limits of one connection, in bytes and milliseconds. */
export interface ConnectionLimits {
  readonly bufferedBytes: number
  readonly messagesPerSecond: number
  readonly pingInterval: number
  /** 0: none. */
  readonly idleTimeout: number
}

/** Bytes that are read ahead of a slow handler. */
const aheadBytes = 64 * 1024
/** Approximate bytes that a waiting message costs in addition to its content. */
const messageOverhead = 100
/** Milliseconds that a client has to answer our Close. */
const closeTimeout = 10_000
/** Milliseconds to wait for the other side to end the connection, once both have sent their Close. */
const lingerTimeout = 2000
/** Milliseconds by which a running handler may delay our answer to a Close, so that what it sends still arrives. */
const answerTimeout = 1000
/** Milliseconds by which a running handler may delay `close`. */
const handlerTimeout = 2000

/** What `send` returns when nothing has to be waited for: a handler that returns this promise is not waited for either. */
const sentAlready: Promise<void> = Promise.resolve()

type Job = () => MaybePromise<void>

export class Connection implements WebSocketConnection, ChannelOwner {
  readonly protocol: string
  readonly #channel: Channel
  readonly #limits: ConnectionLimits
  readonly #ticker: Ticker
  readonly #handlers: WebSocketHandlers<unknown>
  readonly #decode: Decode | undefined
  readonly #report: (error: unknown) => void
  /** Handlers run in the async context in which the request was answered, so that `AsyncLocalStorage` works. */
  readonly #scope: AsyncResource = new AsyncResource('WebSocket')
  /** What still has to be done, in order; further messages are attached to the first job. */
  #jobs: Job[] = []
  /** A job is under way. */
  #busy = false
  /** Bytes of the messages that are waiting for it. */
  #ahead = 0
  #tokens: number
  #counted = 0
  /** Whether anything has arrived since the last ping. */
  #heard = true
  #pingAt = 0
  #idleAt = 0
  /** The tick at which the connection is cut or answered, or the running handler is given up. */
  #deadline = 0
  #stage: 'open' | 'answering' | 'closing' | 'gone' = 'open'
  /** Bytes that the client had taken at the last ping, if it was not keeping up; otherwise -1. */
  #taken = -1
  #drained: { readonly promise: Promise<void>; finish(error?: AbortedError): void } | undefined
  #abort: AbortController | undefined
  #whenStopped: Set<() => void> | undefined
  #reason: AbortedError | undefined

  constructor(
    agreed: { readonly protocol: string } & ChannelOptions,
    limits: ConnectionLimits,
    ticker: Ticker,
    handlers: WebSocketHandlers<unknown>,
    decode: Decode | undefined,
    report: (error: unknown) => void,
  ) {
    this.protocol = agreed.protocol
    // Core calls in the context where the connection was taken over.
    this.#channel = new Channel(agreed, this, agreed.role === 'server' ? undefined : this.#scope)
    this.#limits = limits
    this.#ticker = ticker
    this.#handlers = handlers
    this.#decode = decode
    this.#report = report
    this.#tokens = limits.messagesPerSecond
  }

  // ── seen by handlers ───────────────────────────────────────────────────────────────────────────────────────────

  get bufferedBytes(): number {
    return this.#channel.unsent
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#reason && !this.#abort.signal.aborted) this.#abort.abort(this.#reason)
    return this.#abort.signal
  }

  send(data: string | Uint8Array): Promise<void> {
    if (typeof data !== 'string' && !(data instanceof Uint8Array)) throw new TypeError('A message is a string or bytes')
    if (!this.#maySend()) return rejected(this.#reason ?? closed())
    this.#channel.send(data)
    return this.#sent()
  }

  /** Sends a message that goes to many receivers; undefined when the client keeps up. */
  deliver(message: PreparedMessage): Promise<void> | undefined {
    if (!this.#maySend()) return undefined
    this.#channel.deliver(message)
    return this.#channel.congested ? this.#sent() : undefined
  }

  #maySend(): boolean {
    const channel = this.#channel
    if (channel.open && channel.unsent > this.#limits.bufferedBytes) this.#cut('The client reads too slowly')
    return channel.open
  }

  #sent(): Promise<void> {
    if (!this.#channel.congested) return sentAlready
    this.#drained ??= waiting()
    return this.#drained.promise
  }

  close(code: number = 1000, reason: string = ''): void {
    if (!isCloseCode(code)) throw new RangeError(`Not a code to close with: ${code}`)
    const wasOpen = this.#channel.open
    this.#channel.close(code, reason)
    if (!wasOpen) return
    this.#stop('handler')
    if (this.#stage === 'answering') this.#answer()
    else this.#endIn(closeTimeout)
    // The client's answer has to be read.
    this.#channel.resume()
  }

  terminate(): void {
    this.#cut('The WebSocket was cut', 'handler')
  }

  // ── beginning and end ──────────────────────────────────────────────────────────────────────────────────────────

  start(transport: Transport, leftover: Uint8Array): void {
    this.#scope.runInAsyncScope(() => {
      this.#ticker.add(this)
      this.#pingAt = this.#ticker.after(this.#limits.pingInterval)
      this.#idleAt = this.#ticker.after(this.#limits.idleTimeout)
      this.#channel.connect(transport)
      this.#run(() => this.#handlers.open?.(this))
      this.#channel.onData(leftover, true)
    })
  }

  /** The connection will not come about. */
  abandon(): void {
    this.#scope.runInAsyncScope(() => this.#gone())
  }

  /** Whether nothing more can be sent. */
  get isStopped(): boolean {
    return this.#reason !== undefined
  }

  /** Calls back when nothing more can be sent, like {@link signal}, but for less than half the memory of a whole connection. */
  atStop(callback: () => void): void {
    ;(this.#whenStopped ??= new Set()).add(callback)
  }

  notAtStop(callback: () => void): void {
    this.#whenStopped?.delete(callback)
  }

  /** Nothing more can be sent. */
  #stop(by: AbortedBy, message: string = 'The WebSocket is closed'): void {
    this.#reason ??= new AbortedError(by, message)
    const callbacks = this.#whenStopped
    this.#whenStopped = undefined
    for (const callback of callbacks ?? []) callback()
    this.#drained?.finish(this.#reason)
    this.#drained = undefined
    this.#abort?.abort(this.#reason)
  }

  #cut(message: string, by: AbortedBy = 'peer'): void {
    this.#channel.destroy()
    this.#stop(by, message)
  }

  #endIn(ms: number): void {
    this.#stage = 'closing'
    this.#deadline = this.#ticker.after(ms)
  }

  /** Answers the client's Close, which ends the connection. */
  #answer(): void {
    this.#channel.answerClose()
    this.#stop('peer')
    this.#endIn(lingerTimeout)
  }

  #gone(): void {
    if (this.#stage === 'gone') return
    this.#stop('peer', 'The client is gone')
    this.#stage = 'gone'
    this.#deadline = this.#ticker.after(handlerTimeout)
    this.#jobs.push(this.#closeJob)
    if (!this.#busy) this.#work()
  }

  readonly #closeJob: Job = () => {
    this.#ticker.delete(this)
    this.#deadline = 0
    this.#jobs = []
    return this.#handlers.close?.(this, this.#channel.closeCode, this.#channel.closeReason)
  }

  onTick(now: number): void {
    this.#scope.runInAsyncScope(() => this.#tick(now))
  }

  #tick(now: number): void {
    if (this.#deadline !== 0 && now >= this.#deadline) this.#expire()
    if (this.#stage !== 'open') return
    if (this.#idleAt !== 0 && now >= this.#idleAt) return this.close(1000, 'Idle')
    if (now < this.#pingAt) return
    this.#pingAt = this.#ticker.after(this.#limits.pingInterval)
    this.#ping()
  }

  #expire(): void {
    this.#deadline = 0
    if (this.#stage === 'answering') this.#answer()
    else if (this.#stage === 'closing') this.#channel.destroy()
    // The running handler does not finish: the application is told of the end all the same, and nothing else follows.
    else if (this.#stage === 'gone') this.#run(this.#closeJob)
  }

  /** Sends a ping, or cuts off a client that has not answered the last one, or has taken nothing since. */
  #ping(): void {
    const channel = this.#channel
    const { taken } = channel
    if (channel.congested && taken === this.#taken) return this.#cut('The client reads nothing', 'timeout')
    this.#taken = channel.congested ? taken : -1
    // While nothing is read, no answer can be seen.
    if (channel.paused) return
    if (!this.#heard) return this.#cut('The client does not answer', 'timeout')
    this.#heard = false
    channel.ping()
  }

  // ── called by the channel ──────────────────────────────────────────────────────────────────────────────────────

  onHeard(): void {
    this.#heard = true
    const now = performance.now()
    const { messagesPerSecond } = this.#limits
    this.#tokens = Math.min(messagesPerSecond, this.#tokens + ((now - this.#counted) / 1000) * messagesPerSecond)
    this.#counted = now
  }

  onPing(): void {
    // Every ping is answered: a client that sends them but reads nothing would fill our memory.
    if (this.#channel.unsent > this.#limits.bufferedBytes) this.#cut('The client reads too slowly')
    else this.#count()
  }

  onMessage(data: string | Uint8Array): boolean {
    if (!this.#channel.open || !this.#count()) return true
    this.#idleAt = this.#ticker.after(this.#limits.idleTimeout)
    const cost = data.length + messageOverhead
    if (!this.#busy) this.#run(() => this.#handle(data))
    else {
      this.#ahead += cost
      this.#jobs.push(() => {
        this.#ahead -= cost
        return this.#handle(data)
      })
    }
    return this.#ahead < aheadBytes
  }

  onPeerClose(): void {
    if (!this.#busy) return this.#answer()
    this.#stage = 'answering'
    this.#deadline = this.#ticker.after(answerTimeout)
  }

  onLost(): void {
    this.#stop('peer', 'The client is gone')
    this.#endIn(lingerTimeout)
  }

  onDrain(): void {
    this.#drained?.finish()
    this.#drained = undefined
  }

  onShutdown(): void {
    this.close(1001, 'The server is shutting down')
  }

  onGone(): void {
    this.#gone()
  }

  /** Counts a message or a ping; false when there were too many, and the connection is closed. */
  #count(): boolean {
    if (this.#tokens >= 1) {
      this.#tokens--
      return true
    }
    this.close(1008, 'Too many messages')
    return false
  }

  // ── handlers, one at a time ────────────────────────────────────────────────────────────────────────────────────

  #handle(data: string | Uint8Array): MaybePromise<void> {
    const { message } = this.#handlers
    if (!message) return undefined
    const decoded = this.#decode ? this.#decode(data) : data
    return isThenable(decoded) ? decoded.then((value) => message(this, value)) : message(this, decoded)
  }

  #run(job: Job): void {
    try {
      const result = job()
      if (result !== sentAlready && isThenable(result)) this.#wait(result)
    } catch (error) {
      this.#failed(error)
    }
  }

  #wait(result: Promise<void>): void {
    this.#busy = true
    void Promise.resolve(result)
      .catch((error: unknown) => this.#failed(error))
      .then(() => {
        this.#busy = false
        this.#work()
      })
  }

  #work(): void {
    if (this.#stage === 'gone') this.#deadline = this.#ticker.after(handlerTimeout)
    while (!this.#busy && this.#jobs.length > 0) this.#run(this.#jobs.shift()!)
    if (this.#busy) return
    if (this.#stage === 'answering') this.#answer()
    this.#channel.resume()
  }

  #failed(error: unknown): void {
    if (isInstance(error, UnfitMessage)) return this.close(error.code, error.message)
    // Sending to a client that has gone is not a failure of the application.
    if (!isInstance(error, AbortedError)) this.#report(error)
    this.close(1011)
  }
}

function closed(): AbortedError {
  return new AbortedError('peer', 'The WebSocket is closed')
}

/** A rejected promise that does no harm when nobody handles it. */
function rejected(reason: AbortedError): Promise<void> {
  const never = waiting()
  never.finish(reason)
  return never.promise
}

function waiting(): { readonly promise: Promise<void>; finish(error?: AbortedError): void } {
  let finish!: (error?: AbortedError) => void
  const promise = new Promise<void>((resolve, reject) => {
    finish = (error) => (error ? reject(error) : resolve())
  })
  promise.catch(ignore)
  return { promise, finish }
}
