// The server's side of the handshake (RFC 6455 §4.2).
import { type Context, HttpError } from '@spillway/core'
import { hasToken } from '@spillway/parser/fields'
import { acceptDeflate, isHandshakeKey, parseExtensions, parseSubprotocols } from '@spillway/parser/websocket'
import { isSameOrigin, originSet } from '../http/origin.ts'
import { acceptOf } from '../http/websocket-accept.ts'

/** The rules for accepting a handshake. */
export interface HandshakeRules {
  /** Undefined: only pages of this origin. */
  readonly origins: '*' | readonly string[] | undefined
  /** In order of preference. */
  readonly protocols: readonly string[]
  readonly deflate: boolean
}

/** What both sides have agreed on. */
export interface Agreed {
  /** Empty when there is none. */
  readonly protocol: string
  /** The largest window for what the server compresses; undefined: nothing is compressed. */
  readonly windowBits: number | undefined
  /** Fields of the answer. */
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** The server's half of the opening handshake (RFC 6455 §4.2). */
export class Handshake {
  readonly #rules: HandshakeRules
  readonly #origins: ReadonlySet<string> | '*'

  /** @throws TypeError when an origin is not one. */
  constructor(rules: HandshakeRules) {
    const { origins = [] } = rules
    this.#rules = rules
    this.#origins = origins === '*' ? origins : originSet(origins)
  }

  /**
   * @throws HttpError 426 when no WebSocket was requested, or another version; 400 when the request is malformed; 403 when it comes from
   * a page of another origin.
   */
  check(c: Context<any, any>): Agreed {
    const { headers, protocol } = c
    if (c.method !== 'GET') throw new HttpError(400, 'A WebSocket is opened with GET')
    const asks =
      hasToken(headers.get('upgrade') ?? '', 'websocket') && hasToken(headers.get('connection') ?? '', 'upgrade')
    if (c.httpVersion === '1.0' || !asks) throw upgradeNeeded('This resource is a WebSocket')
    if (headers.get('sec-websocket-version') !== '13') throw upgradeNeeded('Only version 13 of WebSocket is spoken')
    const key = headers.get('sec-websocket-key') ?? ''
    // An extended CONNECT cannot be mistaken for anything else, so it needs no proof that it was understood (RFC 8441 §5.1).
    const isConnect = protocol !== ''
    if (!isConnect && !isHandshakeKey(key)) throw new HttpError(400, 'Sec-WebSocket-Key is not valid')
    if (c.body.length !== 0) throw new HttpError(400, 'A handshake has no content')
    this.#checkOrigin(c)
    const answer: [name: string, value: string][] = [['Upgrade', 'websocket']]
    if (!isConnect) answer.push(['Sec-WebSocket-Accept', acceptOf(key)])
    return this.#agree(c, answer)
  }

  #agree({ headers: asked }: Context<any, any>, headers: [name: string, value: string][]): Agreed {
    const { protocols, deflate } = this.#rules
    const named = asked.get('sec-websocket-protocol')
    const offered = named === null ? [] : parseSubprotocols(named)
    if (!offered) throw new HttpError(400, 'Sec-WebSocket-Protocol is not a list of different names')
    const protocol = protocols.find((name) => offered.includes(name)) ?? ''
    if (protocol !== '') headers.push(['Sec-WebSocket-Protocol', protocol])
    const listed = asked.get('sec-websocket-extensions')
    const extensions = listed === null ? [] : parseExtensions(listed)
    if (!extensions) throw new HttpError(400, 'Sec-WebSocket-Extensions is malformed')
    const agreed = deflate ? acceptDeflate(extensions) : null
    if (agreed) headers.push(['Sec-WebSocket-Extensions', agreed.answer])
    return { protocol, windowBits: agreed?.serverMaxWindowBits, headers }
  }

  /** A page of another site must not be able to speak for its visitor (RFC 6455 §10.2). */
  #checkOrigin(c: Context<any, any>): void {
    if (this.#origins === '*') return
    const origin = c.headers.get('origin')
    if (origin !== null && (this.#origins.has(origin) || isSameOrigin(c, origin))) return
    // A client that sends no Origin is not a browser; but one that says that another site asks is believed.
    const site = c.headers.get('sec-fetch-site') ?? 'none'
    if (origin === null && (site === 'same-origin' || site === 'none')) return
    throw new HttpError(403, 'A page of another origin may not open this WebSocket', { code: 'CROSS_ORIGIN' })
  }
}

function upgradeNeeded(message: string): HttpError {
  const error = new HttpError(426, message)
  error.headers.set('Upgrade', 'websocket').set('Sec-WebSocket-Version', '13')
  return error
}
