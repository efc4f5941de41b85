// TLS certificates and handshakes.
import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import {
  type SecureContext,
  type Server as TlsServer,
  type TLSSocket,
  createSecureContext,
  createServer,
} from 'node:tls'
import { isBytes } from '../exchange/source.ts'
import { longestTimer } from '../server/clock.ts'
import { channels } from '../server/events.ts'
import type {
  Certificate,
  CertificateFinder,
  Pem,
  PemCertificate,
  PfxCertificate,
  TlsReload,
} from '../server/listen-options.ts'
import { explained } from './certificate-error.ts'
import { acmeProtocol } from './client-hello.ts'
import type { TlsSettings } from '../server/rules.ts'
import { ticketKeyBytes, ticketKeys } from '../server/ticket-keys.ts'

type Found = (error: Error | null, context?: SecureContext) => void

/** Told how the TLS handshakes go. `raw` is the socket below. */
export interface TlsOwner {
  secured(raw: Socket, socket: TLSSocket): void
  /** @param refused whether the reason was the client's certificate. */
  failed(raw: Socket, error: Error, refused: boolean): void
  /** Who wanted to see that we have a name has seen it, or not. */
  proved(raw: Socket): void
  /** A line of secrets, for whoever decrypts what was recorded. */
  keys(raw: Socket, line: Buffer): void
}

/** Turns TCP connections into TLS connections. Holds the certificates of one listener. */
export class TlsGate {
  readonly #server: TlsServer
  /** Shows who asks for it that we have a name (RFC 8737), and nothing else. */
  readonly #proofs: TlsServer | undefined
  #options: TlsSettings
  #byName: ReadonlyMap<string, SecureContext>
  #prepared: WeakMap<Certificate, SecureContext> = new WeakMap()
  readonly #owner: TlsOwner
  readonly #report: (error: unknown) => void
  #tellsKeys = false
  /** Stops using the shared keys. */
  #leaveKeys: (() => void) | undefined

  /**
   * @param report told of what a callback fails with when the handshake goes on all the same.
   * @throws when a certificate or key is not valid; TypeError for options that do not go together.
   */
  constructor(options: TlsSettings, protocols: readonly string[], owner: TlsOwner, report: (error: unknown) => void) {
    check(options)
    const { requestCert, sessionTimeout, ocsp } = options
    this.#options = options
    this.#owner = owner
    this.#report = report
    this.#byName = this.#contexts(options)
    const own = credentials(options, options)
    contextOf(own, 'tls')
    this.#server = createServer({
      ...own,
      ALPNProtocols: [...protocols],
      SNICallback: (name, done) => this.#find(name, done),
      requestCert: requestCert !== false,
      // With `optional`, `isWelcome` decides who is let in.
      rejectUnauthorized: requestCert === true,
      sessionTimeout: sessionTimeout / 1000,
      // The server's own clock is used instead; this one cannot be turned off.
      handshakeTimeout: longestTimer,
    })
    this.#server.on('secureConnection', (socket) => owner.secured(rawOf(socket), socket))
    this.#server.on('tlsClientError', (error, socket) => {
      // An Error according to Node's types, a text according to its documentation; only clients that were refused have one.
      owner.failed(rawOf(socket), error, Boolean(socket.authorizationError))
    })
    if (ocsp)
      this.#server.on('OCSPRequest', (certificate: Buffer, issuer: Buffer | null, done: Stapled) => {
        void this.#staple(done, ocsp, certificate, issuer ?? undefined)
      })
    this.#takeKeys()
    this.#proofs = options.acmeChallenge && this.#proofServer(options.acmeChallenge)
  }

  /** Whether it matters what protocols a client offers. */
  get hasProofs(): boolean {
    return this.#proofs !== undefined
  }

  /**
   * Begins a handshake; bytes that were put back into the socket are its first.
   * @param isProof with who wants to see that we have a name.
   */
  begin(raw: Socket, isProof: boolean): void {
    if (isProof) return void this.#proofs!.emit('connection', raw)
    if (channels.keylog.hasSubscribers && !this.#tellsKeys) {
      this.#tellsKeys = true
      this.#server.on('keylog', (line, socket) => this.#owner.keys(rawOf(socket), line))
    }
    this.#server.emit('connection', raw)
  }

  /** Accepts no more. */
  close(): void {
    this.#leaveKeys?.()
  }

  #proofServer(find: CertificateFinder): TlsServer {
    const { minVersion } = this.#options
    const server = createServer({
      ALPNProtocols: [acmeProtocol],
      SNICallback: (name, done) => void this.#answer(() => find(name), done),
      handshakeTimeout: longestTimer,
      minVersion,
    })
    server.on('secureConnection', (socket) => this.#owner.proved(rawOf(socket)))
    server.on('tlsClientError', (error, socket) => this.#owner.failed(rawOf(socket), error, false))
    return server
  }

  /** A client certificate that does not verify is worse than none. */
  isWelcome(socket: TLSSocket): boolean {
    const { requestCert } = this.#options
    if (requestCert === false || requestCert === 'any' || socket.authorized) return true
    return requestCert === 'optional' && socket.getPeerX509Certificate() === undefined
  }

  /** @throws like the constructor, in which case nothing has changed. */
  reload(change: TlsReload): void {
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
    // A certificate of one kind replaces one of the other kind.
    const before = given['pfx'] ? { ...this.#options, cert: undefined, key: undefined } : this.#options
    const options = { ...(given['cert'] ? { ...before, pfx: undefined } : before), ...given } as TlsSettings
    check(options)
    const byName = this.#contexts(options)
    const own = credentials(options, options)
    contextOf(own, 'tls')
    this.#server.setSecureContext({ ...own, sessionTimeout: options.sessionTimeout / 1000 })
    this.#options = options
    this.#byName = byName
    this.#prepared = new WeakMap()
    this.#takeKeys()
  }

  /** Session tickets are written and read with the keys of the server's own context, whichever name was requested. */
  #takeKeys(): void {
    const { ticketKeys: own } = this.#options
    this.#leaveKeys?.()
    this.#leaveKeys = undefined
    if (own) this.#server.setTicketKeys(Buffer.from(own))
    // Bun has no keys that could be given to a server: each has its own.
    else if (!('Bun' in globalThis)) this.#leaveKeys = ticketKeys.use((keys) => this.#server.setTicketKeys(keys))
  }

  #contexts(options: TlsSettings): ReadonlyMap<string, SecureContext> {
    const { sni } = options
    const byName = new Map<string, SecureContext>()
    if (typeof sni !== 'object') return byName
    for (const [name, certificate] of Object.entries(sni))
      byName.set(name.toLowerCase(), contextOf(credentials(certificate, options), `tls.sni[${JSON.stringify(name)}]`))
    return byName
  }

  /** Finds the certificate for a name; a callback of the user may do what it likes, it only ends its own handshake. */
  #find(name: string, done: Found): void {
    const { sni } = this.#options
    if (typeof sni === 'function') return void this.#answer(() => sni(name), done)
    done(null, this.#named(name.toLowerCase()))
  }

  async #answer(find: () => ReturnType<CertificateFinder>, done: Found): Promise<void> {
    try {
      const certificate = await find()
      done(null, certificate && this.#prepare(certificate))
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** What is stapled to a certificate. A responder that cannot be reached keeps nobody out: whoever insists on its word ends the handshake. */
  async #staple(done: Stapled, ocsp: Ocsp, ...certificates: Parameters<Ocsp>): Promise<void> {
    let response
    try {
      response = await ocsp(...certificates)
      if (response !== undefined && !isBytes(response))
        throw new TypeError('`tls.ocsp` must return the bytes of an OCSP response, or nothing')
    } catch (error) {
      response = undefined
      this.#report(error)
    }
    done(null, response && Buffer.from(response))
  }

  #named(name: string): SecureContext | undefined {
    return this.#byName.get(name) ?? this.#byName.get(name.replace(/^[^.]+/, '*'))
  }

  #prepare(certificate: Certificate): SecureContext {
    let context = this.#prepared.get(certificate)
    if (!context) {
      context = contextOf(credentials(certificate, this.#options), 'tls.sni(…)')
      this.#prepared.set(certificate, context)
    }
    return context
  }
}

function check({ cert, key, pfx, sni, requestCert, ca, minVersion, maxVersion, ticketKeys: keys }: TlsSettings): void {
  const isByName = typeof sni === 'function' && !cert && !key && !pfx
  if (!isByName && (pfx ? cert || key : !cert || !key))
    throw new TypeError('TLS needs `tls.cert` and `tls.key`, or else `tls.pfx`, or a function `tls.sni`')
  if ((requestCert === true || requestCert === 'optional') && ca === undefined)
    throw new TypeError('tls.requestCert needs tls.ca')
  if (minVersion > maxVersion) throw new RangeError('tls.minVersion is above tls.maxVersion')
  if (keys && keys.length !== ticketKeyBytes) throw new RangeError(`tls.ticketKeys are ${ticketKeyBytes} bytes`)
}

/** @param where the option that has the certificate. @throws what OpenSSL has against it, and what that means. */
function contextOf(given: ContextOptions, where: string): SecureContext {
  try {
    return createSecureContext(given)
  } catch (error) {
    throw explained(error, given as Partial<PemCertificate & PfxCertificate>, where)
  }
}

/** Client certificates are verified with the context of the requested name, so each of these needs the authorities. */
function credentials(certificate: Partial<PemCertificate & PfxCertificate>, options: TlsSettings): ContextOptions {
  const { cert, key, pfx, passphrase } = certificate
  const { ca, crl, minVersion, maxVersion, ciphers, honorCipherOrder, ecdhCurve, dhparam, secureOptions } = options
  const given = Object.entries({ cert, key, pfx, passphrase, ca, crl, dhparam, secureOptions })
  return {
    ...Object.fromEntries(given.filter(([, value]) => value !== undefined)),
    minVersion,
    maxVersion,
    ciphers,
    honorCipherOrder,
    ecdhCurve,
    sessionIdContext: sessionsOf(options),
  }
}

// decision 050
/**
 * The client of a resumed session is not verified again. So sessions are resumed only where the same is required of clients: not at a
 * listener of the same process with stricter rules, nor after a change of authorities.
 */
function sessionsOf({ requestCert, ca, crl }: TlsSettings): string {
  const hash = createHash('sha256').update(String(requestCert))
  for (const list of [ca, crl]) for (const entry of [list ?? []].flat()) hash.update(' ').update(digestOf(entry))
  // As many bytes as OpenSSL accepts.
  return hash.digest('hex').slice(0, 32)
}

function digestOf(entry: Pem): Buffer {
  return createHash('sha256').update(entry).digest()
}

type Ocsp = NonNullable<TlsSettings['ocsp']>
type Stapled = (error: null, response: Buffer | undefined) => void

type ContextOptions = NonNullable<Parameters<typeof createSecureContext>[0]>

/** The socket below a TLS socket. Node, and runtimes that imitate it, store it under this name and under no public one. */
function rawOf(socket: TLSSocket): Socket {
  return (socket as unknown as Record<'_parent', Socket>)['_parent']
}
