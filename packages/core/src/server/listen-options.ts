// What a listener is told: addresses, certificates, proxies in front.
import type { MaybePromise } from '../exchange/context.ts'

/** Where and how to listen: an address and port, or `path`, or `fd`. */
export interface ListenOptions {
  /** Default: 3000. 0 takes a free one. */
  readonly port?: number
  /**
   * Address or name to bind to. Default: `127.0.0.1`, this machine only. `0.0.0.0` is every IPv4 address, `::` every
   * address of both kinds.
   */
  readonly host?: string
  /** `::` shall mean every IPv6 address and none of IPv4. Default: false. */
  readonly ipv6Only?: boolean
  /**
   * A unix socket instead of host and port. A file that a dead server left there is replaced; one on which somebody
   * listens, or which is not a socket, is `EADDRINUSE`. The file goes when the server closes.
   */
  readonly path?: string
  /** Permissions of the unix socket; to connect is to write. Default: what the process's umask leaves. */
  readonly mode?: number
  /** An inherited descriptor that is bound already, TCP or unix; see {@link listenFds}. */
  readonly fd?: number
  /** Connections the kernel keeps waiting to be accepted. Default: 511. */
  readonly backlog?: number
  /**
   * Lets several processes or threads listen on one port, each with a queue of its own among which the kernel divides new
   * connections (`SO_REUSEPORT`). For Linux, FreeBSD, DragonFlyBSD, Solaris and AIX, with Node.js 22.12 or 23.1 on; refused
   * elsewhere. Within a cluster it is not needed. Default: false.
   */
  readonly reusePort?: boolean
  /**
   * Milliseconds without a byte until TCP asks the client's system for a sign of life (keep-alive probes, one a second): a
   * client whose network is gone says no goodbye. It is given up after ten without an answer. 0 never asks. Default: 60 000.
   */
  readonly keepAliveProbe?: number
  /** Serves HTTPS. Default: plain HTTP. */
  readonly tls?: TlsOptions
  /**
   * Offers HTTP/2 (RFC 9113) beside HTTP/1.1, under the same handler: with `tls` to clients that agree on it in the handshake
   * (ALPN), without it to those that begin with its preface because they know it is spoken here. Default: false.
   */
  readonly http2?: boolean
  /** Proxies in front that name the client in a PROXY header. Default: none. */
  readonly proxyProtocol?: ProxyProtocolOptions
}

/** PEM text; several blocks may follow each other. */
export type Pem = string | Uint8Array

/** A certificate chain and its private key. */
export interface PemCertificate {
  /**
   * The certificate, followed by the intermediate ones. A list holds several for the same names, of different kinds: a client that
   * does not know ECDSA gets the RSA one.
   */
  readonly cert: Pem | readonly Pem[]
  /** The private key; of a list, each in the place of its certificate. */
  readonly key: Pem | readonly Pem[]
  /** Opens keys that are encrypted. */
  readonly passphrase?: string
}

/** The same in one file (PKCS #12, RFC 7292), as other systems export it: `.pfx`, `.p12`. */
export interface PfxCertificate {
  readonly pfx: Uint8Array
  readonly passphrase?: string
}

/** What a server shows of itself. */
export type Certificate = PemCertificate | PfxCertificate

/** TLS of a listener. The certificate given here is for clients that name no server, or one not in `sni`. */
export type TlsOptions = Certificate & TlsPolicy

/** What is agreed on, and who may come in. */
export interface TlsPolicy {
  /**
   * Further certificates by the name the client asks for (SNI, RFC 6066 §3): `example.org`, or `*.example.org` for its
   * direct subdomains. Or a function that finds one; what it returns is prepared once for each object it returns, and
   * when it throws or rejects, the handshake fails.
   */
  readonly sni?: Readonly<Record<string, Certificate>> | ((servername: string) => MaybePromise<Certificate | undefined>)
  /** Authorities that vouch for client certificates; `requestCert` needs them, unless it is `'any'`. */
  readonly ca?: Pem | readonly Pem[]
  /** Client certificates that were withdrawn (RFC 5280 §5): the lists of the authorities in `ca`, each of which needs one then. */
  readonly crl?: Pem | readonly Pem[]
  /**
   * Asks clients for a certificate: `true` refuses clients without one, `'optional'` lets them in. One that no authority
   * in `ca` vouches for is refused by both. `'any'` lets everybody in, with `ca` or without: what nobody vouches for is
   * `c.peer.unverifiedCertificate`, for handlers that know certificates by their fingerprints. In any case `c.peer.certificate`
   * can be relied on. Default: false.
   */
  readonly requestCert?: boolean | 'optional' | 'any'
  /** Default: `TLSv1.2`. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  /** Default: `TLSv1.3`. */
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3'
  /** OpenSSL's names, separated by colons. Default: those with forward secrecy and authenticated encryption. */
  readonly ciphers?: string
  /** Whether the order of `ciphers` decides, and not that of the client. Default: true. */
  readonly honorCipherOrder?: boolean
  /** Curves for the key exchange, separated by colons. Default: `auto`, what OpenSSL thinks best. */
  readonly ecdhCurve?: string
  /** Parameters for the DHE ciphers, in PEM, or `auto` for well-known ones. Default: none, and so no DHE. */
  readonly dhparam?: Pem
  /** OpenSSL's `SSL_OP_` options, of `node:crypto`'s `constants`. Default: none. */
  readonly secureOptions?: number
  /** Milliseconds for which a session may be resumed, in whole seconds from 1000 on. Default: 2 h. */
  readonly sessionTimeout?: number
  /**
   * 48 bytes of secret that session tickets are written with; for several machines behind one name, which then resume each
   * other's sessions. Whoever gives them renews them with {@link Listening.reload}, at least every day. Default: keys that
   * the listeners of a process and the workers of a cluster have in common, renewed every 12 h.
   */
  readonly ticketKeys?: Uint8Array
}

/** PROXY protocol, versions 1 and 2 (its specification is part of HAProxy's documentation). */
export interface ProxyProtocolOptions {
  /**
   * Who may speak for others: addresses, networks (`10.0.0.0/8`, `fd00::/8`), or `unix` for whoever reaches a unix socket.
   * From these a header must come first, or the connection is closed. From anybody else it is not a header but bytes.
   */
  readonly trusted: readonly string[]
}

/** A listening socket. */
export interface Listening {
  /** What a client on this machine would use: `http://host:port` or `https://…`; `unix:` and the path; `fd:` and the number. */
  readonly url: string
  /** 0 for unix sockets. */
  readonly port: number
  /**
   * Takes other certificates, authorities or ticket keys for connections to come; those there are go on. What is not given
   * stays as it is. @throws when a certificate or key is not valid, and then nothing has changed; TypeError without `tls`.
   */
  reload(tls: TlsReload): void
}

/** What can be replaced while a listener runs. */
export type TlsReload = Partial<PemCertificate & PfxCertificate & Pick<TlsPolicy, 'sni' | 'ca' | 'crl' | 'ticketKeys'>>
