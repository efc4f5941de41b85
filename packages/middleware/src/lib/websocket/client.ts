// WebSockets, the client's side.
import { type Transport, guarded, printError } from '@spillway/core'
import {
  type Rules,
  type Settled,
  callback,
  flag,
  list,
  optional,
  readOptions,
  record,
  text,
  thing,
  whole,
} from '@spillway/core/options'
import type { TestServer } from '@spillway/core/testing'
import { askByConnect, askByUpgrade, checkFields } from './ask.ts'
import { Connection, type WebSocketConnection, type WebSocketHandlers } from './connection.ts'
import { dial } from './dial.ts'
import { Ticker } from './ticker.ts'

/** Options of `connectWebSocket`. Bytes and milliseconds. */
export interface ConnectOptions {
  /** Subprotocols in order of preference. Default: none. */
  readonly protocols?: readonly string[] | undefined
  /**
   * Uses HTTP/2, and opens the WebSocket as one of its streams (RFC 8441): over TLS if the server agrees by ALPN, without TLS with
   * prior knowledge. Default: false, HTTP/1.1.
   */
  readonly http2?: boolean | undefined
  /** A server without sockets, for tests: `testServer(app)` of `@spillway/core/testing`. No network connection is then made. */
  readonly server?: Pick<TestServer, 'open'> | undefined
  /** Further fields of the request, such as `Origin` or `Authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Offers permessage-deflate (RFC 7692), without context between messages. Default: false. */
  readonly deflate?: boolean | undefined
  /** Largest message, after decompression. Default: 1 MiB. */
  readonly messageBytes?: number | undefined
  /** Bytes that may wait for a server that does not read; sending more cuts the connection. Default: 1 MiB. */
  readonly bufferedBytes?: number | undefined
  /** Time between pings; a server that has not answered by the next one is cut off. Default: 30 000. */
  readonly pingInterval?: number | undefined
  /** Time for the handshake to be answered. Default: 10 000. */
  readonly timeout?: number | undefined
  /** Aborts the handshake; afterwards it does nothing. */
  readonly signal?: AbortSignal | undefined
  /** Certificates that `wss:` trusts in addition to the system's roots, as PEM. */
  readonly ca?: string | undefined
  /** Is told what handlers throw. Default: prints it with `console.error`. */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** The resolved options. */
export type ConnectSettings = Settled<
  ConnectOptions,
  'protocols' | 'http2' | 'headers' | 'deflate' | 'messageBytes' | 'bufferedBytes' | 'pingInterval' | 'timeout'
>

/** The most that timers can count. */
const positive = { from: 1, to: 2 ** 31 - 1 }
export const connectRules: Rules<ConnectSettings> = {
  protocols: list(text()),
  http2: flag(),
  server: thing<NonNullable<ConnectOptions['server']>>('a server without sockets'),
  headers: record(text()),
  deflate: flag(),
  messageBytes: whole(1024 * 1024, positive),
  bufferedBytes: whole(1024 * 1024, positive),
  pingInterval: whole(30_000, positive),
  timeout: whole(10_000, positive),
  signal: thing<AbortSignal>('an AbortSignal'),
  ca: optional(text()),
  onError: callback(),
}

/** The result of a handshake. */
export interface Opened {
  /** The transport for frames, paused. */
  readonly transport: Transport
  /** Bytes that arrived after the answer. */
  readonly leftover: Uint8Array
  readonly protocol: string
  readonly windowBits: number | undefined
}

/** Opens a connection, performs the handshake, and starts the handlers. */
export async function connectWith(
  url: URL,
  handlers: WebSocketHandlers,
  given: ConnectOptions,
): Promise<WebSocketConnection> {
  const options = readOptions(connectRules, given)
  if (!/^(?:wss?|https?):$/.test(url.protocol)) throw new TypeError(`Not a URL of a WebSocket: ${url.href}`)
  checkFields(url, options)
  const { timeout, signal, http2 } = options
  const limit = AbortSignal.timeout(timeout)
  const stop = signal ? AbortSignal.any([signal, limit]) : limit
  stop.throwIfAborted()
  const transport = await dial(url, options, stop)
  try {
    const ask = http2 ? askByConnect : askByUpgrade
    return begin(await ask(transport, url, options, stop), handlers, options)
  } catch (error) {
    transport.destroy()
    throw error
  }
}

function print(error: unknown): void {
  printError('websocket', error)
}

function begin(opened: Opened, handlers: WebSocketHandlers, options: ConnectSettings): WebSocketConnection {
  const { transport, leftover, protocol, windowBits } = opened
  const { messageBytes, bufferedBytes, pingInterval, onError } = options
  const report = (error: unknown): void => (onError ? guarded(onError, print, error) : print(error))
  // A server sends what was asked for, so the number of its messages is not limited.
  const limits = { bufferedBytes, pingInterval, idleTimeout: 0, messagesPerSecond: Infinity }
  const ticker = new Ticker(Math.max(10, Math.min(500, pingInterval / 4)))
  const channel = { role: 'client', messageBytes, maxInflation: 100, protocol, windowBits } as const
  const connection = new Connection(channel, limits, ticker, handlers as WebSocketHandlers<unknown>, undefined, report)
  transport.resume()
  connection.start(transport, leftover)
  return connection
}
