import { createHash, randomBytes } from 'node:crypto'
import { type Socket, connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { NodeTransport, guarded, printError } from '@spillway/core'
import { ResponseHead, type ResponseSnapshot } from '@spillway/parser'
import { hasToken } from '@spillway/parser/fields'
import { requestHead } from '@spillway/parser/serialize'
import { HANDSHAKE_GUID, deflateOffer, isDeflateAnswer } from '@spillway/parser/websocket'
import { Connection, type WebSocketConnection, type WebSocketHandlers } from './connection.ts'
import { Ticker } from './ticker.ts'

const mib = 1024 * 1024

/** Options of `connectWebSocket`. Bytes and milliseconds. */
export interface ConnectOptions {
  /** Subprotocols in order of preference. Default: none. */
  readonly protocols?: readonly string[] | undefined
  /** More fields of the request, `Origin` or `Authorization` for example. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Offers permessage-deflate (RFC 7692), without context between messages. Default: false. */
  readonly deflate?: boolean | undefined
  /** Largest message, after decompression. Default: 1 MiB. */
  readonly messageBytes?: number | undefined
  /** What may wait for a server that does not read, when more is sent. Default: 1 MiB. */
  readonly bufferedBytes?: number | undefined
  /** Between pings; a server that has not answered by the next one is cut. Default: 30 000. */
  readonly pingInterval?: number | undefined
  /** Until the handshake is answered. Default: 10 000. */
  readonly timeout?: number | undefined
  /** Aborts the handshake; afterwards it does nothing. */
  readonly signal?: AbortSignal | undefined
  /** What `wss:` trusts beside the roots of the system, as PEM. */
  readonly ca?: string | undefined
  /** Takes what handlers throw. Default: prints it with `console.error`. */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** Opens a connection, shakes hands, and hands it to the handlers. */
export async function connectWith(
  url: URL,
  handlers: WebSocketHandlers,
  options: ConnectOptions,
): Promise<WebSocketConnection> {
  const key = randomBytes(16).toString('base64')
  const request = requestOf(url, key, options)
  const { timeout = 10_000, signal } = options
  const limit = AbortSignal.timeout(timeout)
  const socket = dial(url, options.ca)
  try {
    const stop = signal ? AbortSignal.any([signal, limit]) : limit
    const { head, leftover } = await answerOf(socket, request, stop)
    return open(socket, leftover, agreedOn(head, key, options), handlers, options)
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** What the server's answer says. */
interface Answer {
  readonly head: ResponseSnapshot
  /** Bytes behind it. */
  readonly leftover: Uint8Array
}

/** What was agreed on. */
interface Agreed {
  readonly protocol: string
  readonly windowBits: number | undefined
}

/** @throws TypeError when the URL is not one of WebSocket's, or a field is none. */
function requestOf(
  url: URL,
  key: string,
  { protocols = [], deflate = false, headers = {} }: ConnectOptions,
): Uint8Array {
  if (!/^(?:wss?|https?):$/.test(url.protocol)) throw new TypeError(`Not a URL of a WebSocket: ${url.href}`)
  const fields: [string, string][] = [
    ['Host', url.host],
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Version', '13'],
    ['Sec-WebSocket-Key', key],
  ]
  if (protocols.length > 0) fields.push(['Sec-WebSocket-Protocol', protocols.join(', ')])
  if (deflate) fields.push(['Sec-WebSocket-Extensions', deflateOffer])
  return requestHead('GET', url.pathname + url.search, [...fields, ...Object.entries(headers)])
}

function dial({ protocol, hostname, port }: URL, ca: string | undefined): Socket {
  const secure = protocol === 'wss:' || protocol === 'https:'
  // An address of IPv6 has brackets in a URL only.
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const where = { host, port: Number(port || (secure ? 443 : 80)) }
  const name = /^[\d.]+$|:/.test(host) ? '' : host
  const socket = secure
    ? connectTls({ ...where, servername: name, ca, ALPNProtocols: ['http/1.1'] })
    : connectTcp(where)
  socket.allowHalfOpen = true
  // Who is told of an error changes; that one comes when nobody is must not end the process.
  return socket.setNoDelay(true).on('error', () => {})
}

/** Sends the request and reads the head of the answer. */
function answerOf(socket: Socket, request: Uint8Array, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const parser = new ResponseHead()
    let bytes: Buffer = Buffer.alloc(0)
    const settle = (error?: unknown): void => {
      socket.off('data', onData).off('error', settle).off('end', onEnd)
      signal.removeEventListener('abort', onAbort)
      if (error !== undefined) reject(error)
    }
    const onAbort = (): void => settle(signal.reason)
    const onEnd = (): void => settle(new Error('The connection ended before the handshake was answered'))
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk])
      const used = parser.parse(bytes, 0, bytes.length)
      if (used === 0) return
      settle(used < 0 ? new Error(`The answer cannot be read: ${parser.error}`) : undefined)
      if (used > 0) resolve({ head: parser.snapshot(bytes, 0), leftover: bytes.subarray(used) })
    }
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    socket.on('data', onData).on('error', settle).on('end', onEnd)
    socket.write(request)
  })
}

/** @throws Error when the answer does not open a WebSocket, or not the one that was asked for (RFC 6455 §4.1). */
function agreedOn(head: ResponseSnapshot, key: string, { protocols = [], deflate = false }: ConnectOptions): Agreed {
  if (head.status !== 101) throw new Error(`The server answered with ${head.status}`)
  const accept = createHash('sha1').update(key).update(HANDSHAKE_GUID).digest('base64')
  const upgrades =
    head.get('upgrade')?.toLowerCase() === 'websocket' && hasToken(head.get('connection') ?? '', 'upgrade')
  if (!upgrades || head.get('sec-websocket-accept') !== accept) throw new Error('The handshake was not understood')
  const protocol = head.get('sec-websocket-protocol') ?? ''
  if (protocol !== '' && !protocols.includes(protocol))
    throw new Error('The server took a protocol that was not offered')
  const extensions = head.get('sec-websocket-extensions')
  if (extensions === null) return { protocol, windowBits: undefined }
  if (!deflate || !isDeflateAnswer(extensions)) throw new Error('The server took an extension that was not offered')
  return { protocol, windowBits: 15 }
}

function print(error: unknown): void {
  printError('websocket', error)
}

function open(
  socket: Socket,
  leftover: Uint8Array,
  agreed: Agreed,
  handlers: WebSocketHandlers,
  options: ConnectOptions,
): WebSocketConnection {
  const { messageBytes = mib, bufferedBytes = mib, pingInterval = 30_000, onError } = options
  const report = (error: unknown): void => (onError ? guarded(onError, print, error) : print(error))
  // What a server sends is what was asked for: it may be as much as it likes.
  const limits = { bufferedBytes, pingInterval, idleTimeout: 0, messagesPerSecond: Infinity }
  const ticker = new Ticker(Math.max(10, Math.min(500, pingInterval / 4)))
  const channel = { role: 'client', messageBytes, maxInflation: 100, ...agreed } as const
  const connection = new Connection(channel, limits, ticker, handlers as WebSocketHandlers<unknown>, undefined, report)
  connection.start(new NodeTransport(socket), leftover)
  return connection
}
