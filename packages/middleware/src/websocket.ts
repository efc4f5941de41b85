import type { Context, Handler, MaybePromise, Reply } from '@spillway/core'
import { isFieldName } from '@spillway/parser/serialize'
import { after } from './lib/layers/maybe-promise.ts'
import { Connection, type WebSocketHandlers } from './lib/websocket/connection.ts'
import { Handshake } from './lib/websocket/handshake.ts'

export type { WebSocketConnection, WebSocketHandlers } from './lib/websocket/connection.ts'

/** Options of {@link websocket}. Bytes and milliseconds. */
export interface WebSocketOptions {
  /** Origins whose pages may connect beside those of this one; `*` for all. Who is not a browser always may. */
  readonly origins?: '*' | readonly string[]
  /** Subprotocols in order of preference; the first that the client offers is agreed on. Default: none. */
  readonly protocols?: readonly string[]
  /** Largest message, after decompression; a larger one closes with 1009. Default: 1 MiB, as bodies have. */
  readonly maxMessage?: number
  /** What may wait for a client that does not read, when more is sent. Default: 1 MiB. */
  readonly maxBuffered?: number
  /** More messages and pings, after as many at once, close with 1008. Default: 1000, beyond what people or games do. */
  readonly messagesPerSecond?: number
  /**
   * Compresses messages of 1 KiB and more (RFC 7692). Default: false, as it costs processor time and memory for every one.
   * Messages that unpack to more than a hundred times their size close with 1008.
   */
  readonly deflate?: boolean
  /** Between pings; a client that has not answered by the next one is cut. Default: 30 000. */
  readonly pingInterval?: number
  /** Takes what handlers throw. Default: prints it with `console.error`. */
  readonly onError?: (error: unknown) => void
}

/**
 * A handler that speaks WebSocket (RFC 6455) with `ws`. `accept` is called with the request before it is answered, and
 * gives the handlers of one connection: whatever it has to remember can be in its closure, and what it throws refuses.
 * Refused are also: what does not ask for a WebSocket (426), does so in a wrong way (400), or from a page of another
 * origin (403). When the server begins to shut down, clients are told with 1001.
 * @throws TypeError when an origin, a protocol or a number is not one.
 */
export function websocket<C extends Context<any, any> = Context>(
  accept: (c: C) => MaybePromise<WebSocketHandlers>,
  options: WebSocketOptions = {},
): Handler<C> {
  const { origins, protocols = [], maxMessage = 1024 * 1024, deflate = false, pingInterval = 30_000 } = options
  const {
    maxBuffered = 1024 * 1024,
    messagesPerSecond = 1000,
    onError = (error) => console.error('websocket:', error),
  } = options
  for (const protocol of protocols)
    if (!isFieldName(protocol)) throw new TypeError(`Not the name of a protocol: ${JSON.stringify(protocol)}`)
  checkNumbers({ maxMessage, maxBuffered, messagesPerSecond, pingInterval })
  const handshake = new Handshake({ origins, protocols, maxMessage, deflate })
  const pinged = new PingedConnections(pingInterval)
  const open = (c: C, handlers: WebSocketHandlers): Reply => {
    const { socket, stream, headers } = handshake.accept(c)
    const connection = new Connection(socket, stream, { maxBuffered, messagesPerSecond }, handlers, onError)
    const reply = c.upgrade((transport, leftover) => {
      pinged.add(connection)
      socket.on('close', () => pinged.delete(connection))
      connection.open()
      stream.connect(transport, leftover)
    }, headers)
    c.done(({ kind, status }) => {
      // Another reply was sent in its place, or none.
      if (kind === 'aborted' || status !== 101) stream.destroy()
    })
    return reply
  }
  return (c) => {
    handshake.check(c)
    return after(accept(c), (handlers) => open(c, handlers))
  }
}

/** A limit that is no number would be none, and so would one beyond what `ws` and timers can count. */
function checkNumbers(numbers: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(numbers))
    if (!Number.isInteger(value) || value < 1 || value > 2 ** 31 - 1)
      throw new TypeError(`${name} is no number from 1 to 2147483647: ${value}`)
}

/** One timer for all connections of a handler; none when there are none. */
class PingedConnections {
  readonly #interval: number
  readonly #open: Set<Connection> = new Set()
  #timer: NodeJS.Timeout | undefined

  constructor(interval: number) {
    this.#interval = interval
  }

  add(connection: Connection): void {
    this.#open.add(connection)
    this.#timer ??= setInterval(() => {
      for (const one of this.#open) one.ping()
    }, this.#interval).unref()
  }

  delete(connection: Connection): void {
    this.#open.delete(connection)
    if (this.#open.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
