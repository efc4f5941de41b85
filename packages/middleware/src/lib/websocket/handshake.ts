import { type Context, HttpError } from '@spillway/core'
import { tokenList } from '@spillway/parser/fields'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import { isSameOrigin, originSet } from '../http/origin.ts'
import { TransportDuplex } from '../tools/transport-duplex.ts'

/** What a handshake is decided by. */
export interface HandshakeRules {
  /** Undefined: pages of this origin only. */
  readonly origins: '*' | readonly string[] | undefined
  /** In order of preference. */
  readonly protocols: readonly string[]
  readonly maxMessage: number
  readonly deflate: boolean
}

/** A WebSocket that waits for its connection. */
export interface Accepted {
  readonly socket: WebSocket
  readonly stream: TransportDuplex
  /** Fields of the 101. */
  readonly headers: readonly [name: string, value: string][]
}

/** What `ws` reads of a request, and where it leaves what it makes of it. */
interface Shake {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  lines?: readonly string[]
  error?: Error
}

/** Milliseconds a client has to answer our close. */
const closeTimeout = 10_000
/** The nonce: 16 bytes in base64 (RFC 6455 §4.1). */
const keyForm = /^[A-Za-z\d+/]{21}[AQgw]==$/
const none: ReadonlySet<string> = new Set()

/** The server's half of the opening handshake (RFC 6455 §4.2). */
export class Handshake {
  readonly #server: WebSocketServer
  readonly #origins: ReadonlySet<string> | '*'

  /** @throws TypeError when an origin is not one. */
  constructor({ origins, protocols, maxMessage, deflate }: HandshakeRules) {
    this.#origins = origins === '*' ? origins : origins ? originSet(origins) : none
    // Newer than its types.
    const timed: ServerOptions & { closeTimeout: number } = { noServer: true, clientTracking: false, closeTimeout }
    this.#server = new WebSocketServer({
      ...timed,
      maxPayload: maxMessage,
      perMessageDeflate: deflate && leanDeflate,
      handleProtocols: (offered) => protocols.find((protocol) => offered.has(protocol)) ?? false,
    })
    this.#server.on('headers', (lines, request) => ((request as unknown as Shake).lines = lines))
    this.#server.on('wsClientError', (error, _, request) => ((request as unknown as Shake).error = error))
  }

  /** @throws HttpError 426 when no WebSocket was asked for, or another version; 400 when it was in a wrong way. */
  check(c: Context<any, any>): void {
    if (c.method !== 'GET') throw new HttpError(400, 'A WebSocket is opened with GET')
    const upgrade = tokenList(c.headers.get('upgrade') ?? '').map(lower)
    const connection = tokenList(c.headers.get('connection') ?? '').map(lower)
    if (c.httpVersion === '1.0' || !upgrade.includes('websocket') || !connection.includes('upgrade'))
      throw upgradeNeeded('This resource is a WebSocket')
    if (c.headers.get('sec-websocket-version') !== '13') throw upgradeNeeded('Only version 13 of WebSocket is spoken')
    if (!keyForm.test(c.headers.get('sec-websocket-key') ?? ''))
      throw new HttpError(400, 'Sec-WebSocket-Key is not valid')
    if (c.body.length !== 0) throw new HttpError(400, 'A request for a WebSocket has no content')
    this.#checkOrigin(c)
  }

  /** Browsers let every page open WebSockets to every host, with its cookies, and say which page it is (§10.2). */
  #checkOrigin(c: Context<any, any>): void {
    const origin = c.headers.get('origin')
    if (origin === null || this.#origins === '*' || this.#origins.has(origin) || isSameOrigin(c, origin)) return
    throw new HttpError(403, 'A page of another origin may not open this WebSocket', { code: 'CROSS_ORIGIN' })
  }

  /** @throws HttpError 400 when subprotocols or extensions are malformed. */
  accept(c: Context<any, any>): Accepted {
    const headers: Record<string, string> = { upgrade: 'websocket' }
    for (const name of ['key', 'version', 'protocol', 'extensions']) {
      const value = c.headers.get(`sec-websocket-${name}`)
      if (value !== null) headers[`sec-websocket-${name}`] = value
    }
    const stream = new TransportDuplex(true)
    const shake: Shake = { method: c.method, url: c.target, headers }
    const request = shake as unknown as Parameters<WebSocketServer['handleUpgrade']>[0]
    let socket: WebSocket | undefined
    this.#server.handleUpgrade(request, stream, Buffer.alloc(0), (made) => (socket = made))
    if (!socket) throw new HttpError(400, shake.error?.message ?? 'Not a WebSocket handshake')
    return { socket, stream, headers: fields(shake.lines!) }
  }
}

/**
 * Without context from one message to the next: it costs some of the ratio, and spares a quarter of a megabyte for each
 * connection.
 */
const leanDeflate = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  threshold: 1024,
  concurrencyLimit: 10,
}

function upgradeNeeded(message: string): HttpError {
  const error = new HttpError(426, message)
  error.headers.set('Upgrade', 'websocket').set('Sec-WebSocket-Version', '13')
  return error
}

/** Core says `Connection` itself. */
function fields([, ...lines]: readonly string[]): [name: string, value: string][] {
  return lines
    .map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])
    .filter(([name]) => name !== 'Connection')
}

function lower(text: string): string {
  return text.toLowerCase()
}
