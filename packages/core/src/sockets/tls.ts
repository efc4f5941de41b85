import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import {
  type SecureContext,
  type Server as TlsServer,
  type TLSSocket,
  createSecureContext,
  createServer,
} from 'node:tls'
import { longestTimer } from '../server/clock.ts'
import type { Certificate, TlsOptions } from '../server/listen-options.ts'
import type { TlsSettings } from '../server/rules.ts'

/** Told how the TLS handshakes go. `raw` is the socket below. */
export interface TlsOwner {
  secured(raw: Socket, socket: TLSSocket): void
  /** @param refused whether it was for the client's certificate. */
  failed(raw: Socket, error: Error, refused: boolean): void
}

/** Makes TLS connections of TCP connections. Keeps the certificates of one listener. */
export class TlsGate {
  readonly #server: TlsServer
  #options: TlsSettings
  #byName: ReadonlyMap<string, SecureContext>
  #prepared: WeakMap<Certificate, SecureContext> = new WeakMap()

  /** @throws when a certificate or key is not valid; TypeError when nobody is told to vouch for client certificates. */
  constructor(options: TlsSettings, protocols: readonly string[], owner: TlsOwner) {
    const { requestCert, ca } = options
    if (requestCert !== false && ca === undefined) throw new TypeError('tls.requestCert needs tls.ca')
    this.#options = options
    this.#byName = this.#contexts(options)
    this.#server = createServer({
      ...credentials(options, options),
      ALPNProtocols: [...protocols],
      SNICallback: (name, done) => void this.#find(name, done),
      requestCert: requestCert !== false,
      // Whether one may do without is decided by `isWelcome`.
      rejectUnauthorized: requestCert === true,
      // The server's own clock is what counts; this one cannot be switched off.
      handshakeTimeout: longestTimer,
    })
    this.#server.on('secureConnection', (socket) => owner.secured(rawOf(socket), socket))
    this.#server.on('tlsClientError', (error, socket) => {
      // Types say Error, documentation says text; a client that is let in has none.
      owner.failed(rawOf(socket), error, Boolean(socket.authorizationError))
    })
  }

  /** Begins a handshake; bytes that were put back into the socket are its first. */
  begin(raw: Socket): void {
    this.#server.emit('connection', raw)
  }

  /** A client certificate that does not verify is worse than none. */
  isWelcome(socket: TLSSocket): boolean {
    const { requestCert } = this.#options
    if (requestCert === false || socket.authorized) return true
    return requestCert === 'optional' && socket.getPeerX509Certificate() === undefined
  }

  /** @throws as the constructor, and then everything is as it was. */
  reload(change: Partial<TlsOptions>): void {
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
    const options = { ...this.#options, ...given }
    const byName = this.#contexts(options)
    createSecureContext(credentials(options, options))
    this.#server.setSecureContext(credentials(options, options))
    // Resumed sessions are not verified again: those that other authorities vouched for end here.
    if (change.ca !== undefined) this.#server.setTicketKeys(randomBytes(48))
    this.#options = options
    this.#byName = byName
    this.#prepared = new WeakMap()
  }

  #contexts(options: TlsSettings): ReadonlyMap<string, SecureContext> {
    const { sni } = options
    const byName = new Map<string, SecureContext>()
    if (typeof sni !== 'object') return byName
    for (const [name, certificate] of Object.entries(sni))
      byName.set(name.toLowerCase(), createSecureContext(credentials(certificate, options)))
    return byName
  }

  /** Finds the certificate for a name; a callback of the user may do what it likes, it only ends its own handshake. */
  async #find(name: string, done: (error: Error | null, context?: SecureContext) => void): Promise<void> {
    const { sni } = this.#options
    try {
      if (typeof sni !== 'function') return done(null, this.#named(name.toLowerCase()))
      const certificate = await sni(name)
      done(null, certificate && this.#prepare(certificate))
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #named(name: string): SecureContext | undefined {
    return this.#byName.get(name) ?? this.#byName.get(name.replace(/^[^.]+/, '*'))
  }

  #prepare(certificate: Certificate): SecureContext {
    let context = this.#prepared.get(certificate)
    if (!context) {
      context = createSecureContext(credentials(certificate, this.#options))
      this.#prepared.set(certificate, context)
    }
    return context
  }
}

/** Client certificates are verified with the context of the name that was asked for: the authorities belong into each. */
function credentials({ cert, key }: Certificate, { ca, minVersion = 'TLSv1.2' }: TlsOptions): ContextOptions {
  return { cert: cert as Buffer, key: key as Buffer, minVersion, ...(ca !== undefined && { ca: ca as Buffer }) }
}

type ContextOptions = NonNullable<Parameters<typeof createSecureContext>[0]>

/** The socket below a TLS socket. Node, and whoever follows it, keeps it under this name and under no public one. */
function rawOf(socket: TLSSocket): Socket {
  return (socket as unknown as Record<'_parent', Socket>)['_parent']
}
