import { AbortedError, type MaybePromise } from '@spillway/core'
import type { RawData, WebSocket } from 'ws'
import { isThenable } from '../layers/maybe-promise.ts'
import type { TransportDuplex } from '../tools/transport-duplex.ts'

/** An open WebSocket. */
export interface WebSocketConnection {
  /** The subprotocol that was agreed on; empty when there is none. */
  readonly protocol: string
  /** Bytes that were sent and still wait here. */
  readonly bufferedBytes: number
  /**
   * Sends text, or bytes. Resolves when the message has left, so that waiting for it is back-pressure; rejects with an
   * AbortedError when it never will, and nobody has to listen to that. A client for which more than `maxBuffered` bytes
   * wait already is cut instead.
   */
  send(data: string | Uint8Array): Promise<void>
  /** @param code Default: 1000. @throws RangeError for a code that may not be sent (RFC 6455 §7.4). */
  close(code?: number, reason?: string): void
  /** Cuts the connection. */
  terminate(): void
}

/** What an application does with a WebSocket. What throws or rejects closes it with 1011. */
export interface WebSocketHandlers {
  readonly open?: (socket: WebSocketConnection) => MaybePromise<void>
  /**
   * Gets each message, a string or bytes, in order. As long as a promise is pending the next one waits, and nothing is
   * read from the client: that is back-pressure.
   */
  readonly message?: (socket: WebSocketConnection, data: string | Uint8Array) => MaybePromise<void>
  /** The connection is gone. 1005 when the client gave no code, 1006 when it left without a close (RFC 6455 §7.4.1). */
  readonly close?: (socket: WebSocketConnection, code: number, reason: string) => MaybePromise<void>
}

export interface ConnectionLimits {
  readonly maxBuffered: number
  readonly messagesPerSecond: number
}

/** Messages may be this many times larger than the bytes they came in; deflate reaches a thousand with zeros. */
const mostInflation = 100
/** Bytes that are free of that, so that short messages are. */
const inflationAllowance = 64 * 1024

export class Connection implements WebSocketConnection {
  readonly #socket: WebSocket
  readonly #stream: TransportDuplex
  readonly #limits: ConnectionLimits
  readonly #handlers: WebSocketHandlers
  readonly #report: (error: unknown) => void
  /** What still has to be done, in order. */
  #jobs: (() => MaybePromise<void>)[] = []
  #busy = false
  #tokens: number
  #counted = performance.now()
  #inflated = 0
  /** Whether anything came in since the last ping. */
  #alive = true

  constructor(
    socket: WebSocket,
    stream: TransportDuplex,
    limits: ConnectionLimits,
    handlers: WebSocketHandlers,
    report: (error: unknown) => void,
  ) {
    this.#socket = socket
    this.#stream = stream
    this.#limits = limits
    this.#handlers = handlers
    this.#report = report
    this.#tokens = limits.messagesPerSecond
    // Broken frames: `ws` has closed with the fitting code, and `close` follows.
    socket.on('error', ignore)
    socket.on('message', (data, isBinary) => this.#onMessage(data as Buffer, isBinary))
    socket.on('ping', () => this.#count())
    socket.on('pong', () => (this.#alive = true))
    socket.on('close', (code, reason) => this.#do(() => handlers.close?.(this, code, reason.toString())))
    stream.onShutdown = () => this.close(1001, 'The server is shutting down')
  }

  get protocol(): string {
    return this.#socket.protocol
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount
  }

  open(): void {
    this.#do(() => this.#handlers.open?.(this))
  }

  send(data: string | Uint8Array): Promise<void> {
    const sent = new Promise<void>((resolve, reject) => {
      const socket = this.#socket
      if (socket.bufferedAmount > this.#limits.maxBuffered) socket.terminate()
      if (socket.readyState !== socket.OPEN) return reject(gone())
      socket.send(data, (error) => (error ? reject(gone(error)) : resolve()))
    })
    sent.catch(ignore)
    return sent
  }

  close(code: number = 1000, reason: string = ''): void {
    if (!mayBeSent(code)) throw new RangeError(`Not a code to close with: ${code}`)
    this.#socket.close(code, reason)
    // Its answer has to be heard.
    this.#socket.resume()
  }

  terminate(): void {
    this.#socket.terminate()
  }

  /** Pings, or cuts a client that has not answered the last one. */
  ping(): void {
    const socket = this.#socket
    // While nothing is read no answer can be seen.
    if (this.#busy || socket.readyState !== socket.OPEN) return
    if (!this.#alive) return socket.terminate()
    this.#alive = false
    socket.ping()
  }

  #onMessage(data: RawData & Buffer, isBinary: boolean): void {
    if (!this.#count()) return
    this.#inflated += data.length
    if (this.#inflated > this.#stream.received * mostInflation + inflationAllowance)
      return this.close(1008, 'Compressed too well')
    const message = isBinary ? data : data.toString()
    this.#do(() => this.#handlers.message?.(this, message))
  }

  /** Counts a message; false: there were too many, and the connection is closed. */
  #count(): boolean {
    this.#alive = true
    const { messagesPerSecond, maxBuffered } = this.#limits
    const now = performance.now()
    this.#tokens = Math.min(messagesPerSecond, this.#tokens + ((now - this.#counted) / 1000) * messagesPerSecond)
    this.#counted = now
    // Every ping is answered: who sends them and reads nothing fills our memory.
    if (this.#socket.bufferedAmount > maxBuffered) this.terminate()
    if (this.#tokens >= 1) this.#tokens--
    else this.close(1008, 'Too many messages')
    return this.#socket.readyState === this.#socket.OPEN
  }

  /** Runs one job at a time; reading pauses while one takes its time. */
  #do(job: () => MaybePromise<void>): void {
    this.#jobs.push(job)
    if (!this.#busy) this.#work()
  }

  #work(): void {
    for (let job = this.#jobs.shift(); job; job = this.#jobs.shift())
      try {
        const result = job()
        if (!isThenable(result)) continue
        this.#wait(result)
        return
      } catch (error) {
        this.#failed(error)
      }
    if (this.#socket.isPaused) this.#socket.resume()
  }

  #wait(result: Promise<void>): void {
    const socket = this.#socket
    this.#busy = true
    if (socket.readyState === socket.OPEN) socket.pause()
    void Promise.resolve(result)
      .catch((error: unknown) => this.#failed(error))
      .then(() => {
        this.#busy = false
        this.#work()
      })
  }

  #failed(error: unknown): void {
    // What it sent in vain is no failure of the application.
    if (!(error instanceof AbortedError)) this.#report(error)
    this.close(1011)
  }
}

/** RFC 6455 §7.4, and the registry it made. */
function mayBeSent(code: number): boolean {
  return (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999)
}

function gone(cause?: Error): AbortedError {
  const error = new AbortedError('peer', 'The WebSocket is closed')
  if (cause) error.cause = cause
  return error
}

function ignore(): void {}
