// The options of a listener: addresses, certificates, proxies in front.
import type { MaybePromise } from '../exchange/context.ts'

/** Where and how to listen: an address and port, or `path`, or `fd`. */
export interface ListenOptions {
  /** The port; 0 takes a free one. Default: 3000. */
  readonly port?: number
  /**
   * Address or name to bind to. Default: `127.0.0.1`, this machine only. `0.0.0.0` is every IPv4 address, `::` every
   * address of both IPv4 and IPv6.
   */
  readonly host?: string
  /** Whether `::` means only IPv6 addresses. Default: false. */
  readonly ipv6Only?: boolean
  /**
   * A unix socket instead of host and port. A file left by a dead server is replaced; one on which somebody
   * listens, or which is not a socket, is `EADDRINUSE`. The file is removed when the server closes.
   */
  readonly path?: string
  /** Permissions of the unix socket; connecting requires write permission. Default: determined by the process's umask. */
  readonly mode?: number
  /** An inherited descriptor that is already bound, TCP or unix; see {@link listenFds}. */
  readonly fd?: number
  /** How many connections the kernel keeps waiting to be accepted. Default: 511. */
  readonly backlog?: number
  /**
   * Lets several processes or threads listen on one port, each with its own queue; the kernel distributes new
   * connections among them (`SO_REUSEPORT`). For Linux, FreeBSD, DragonFlyBSD, Solaris and AIX, with Node.js 22.12, or 23.1 and later;
   * an error elsewhere. It is not needed within a cluster. Default: false.
   */
  readonly reusePort?: boolean
  /**
   * Milliseconds without a byte after which TCP asks the client's system for a sign of life (keep-alive probes, one per second), because
   * a client whose network is gone does not say goodbye. After ten probes without an answer it is given up. 0 never asks. Default: 60 000.
   */
  readonly keepAliveProbe?: number
  /** Serves HTTPS. Default: plain HTTP. */
  readonly tls?: TlsOptions
  /**
   * Offers HTTP/2 (RFC 9113) in addition to HTTP/1.1, with the same handler: with `tls` to clients that agree on it in the handshake
   * (ALPN), without it to those that begin with its preface because they know it is spoken here. Default: false.
   */
  readonly http2?: boolean
  /** Proxies in front that name the client in a PROXY header. Default: none. */
  readonly proxyProtocol?: ProxyProtocolOptions
}

/** PEM text; it may contain several blocks. */
export type Pem = string | Uint8Array

/** A certificate chain and its private key. */
export interface PemCertificate {
  /**
   * The certificate, followed by the intermediate ones. A list holds several of different kinds for the same names: a client that
   * does not know ECDSA gets the RSA one.
   */
  readonly cert: Pem | readonly Pem[]
  /** The private key; in a list, at the same position as its certificate. */
  readonly key: Pem | readonly Pem[]
  /** Decrypts encrypted keys. */
  readonly passphrase?: string
}

/** Certificate and key in one file (PKCS #12, RFC 7292), as other systems export them: `.pfx`, `.p12`. */
export interface PfxCertificate {
  readonly pfx: Uint8Array
  readonly passphrase?: string
}

/** A server's certificate with its key. */
export type Certificate = PemCertificate | PfxCertificate

/**
 * TLS of a listener. The certificate given here is for clients that name no server, or one not in `sni`. With a function for `sni`
 * there may be none: then such clients are refused.
 */
export type TlsOptions = (Certificate & TlsPolicy) | NamedTls

/** TLS with no certificates but those that a function finds. */
export interface NamedTls extends TlsPolicy {
  readonly sni: CertificateFinder
}

/** Finds the certificate for a name. */
export type CertificateFinder = (servername: string) => MaybePromise<Certificate | undefined>

/** What is negotiated, and who is let in. */
export interface TlsPolicy {
  /**
   * Further certificates by the name that the client asks for (SNI, RFC 6066 §3): `example.org`, or `*.example.org` for its
   * direct subdomains. Or a function that finds one: what it returns is prepared once for each object, and
   * if it throws or rejects, the handshake fails.
   */
  readonly sni?: Readonly<Record<string, Certificate>> | CertificateFinder
  /**
   * Finds the certificate that shows an authority that we have a name (RFC 8737, `tls-alpn-01` of ACME): asked for clients that offer
   * the protocol `acme-tls/1`, whose connections end after the handshake. Default: nobody may ask for that.
   */
  readonly acmeChallenge?: CertificateFinder
  /** Authorities that vouch for client certificates; `requestCert` needs them, unless it is `'any'`. */
  readonly ca?: Pem | readonly Pem[]
  /** Revoked client certificates (RFC 5280 §5): the lists of the authorities in `ca`; if any are given, each authority needs one. */
  readonly crl?: Pem | readonly Pem[]
  /**
   * Asks clients for a certificate: `true` refuses clients without one, `'optional'` lets them in. Both refuse a certificate that no
   * authority in `ca` vouches for. `'any'` lets everybody in, with or without `ca`: a certificate that nobody vouches for is
   * `c.peer.unverifiedCertificate`, for handlers that recognize certificates by their fingerprints. `c.peer.certificate` can always be
   * relied on. Default: false.
   */
  readonly requestCert?: boolean | 'optional' | 'any'
  /** The lowest TLS version. Default: `TLSv1.2`. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  /** The highest TLS version. Default: `TLSv1.3`. */
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3'
  /** OpenSSL's names, separated by colons. Default: those with forward secrecy and authenticated encryption. */
  readonly ciphers?: string
  /** Whether the order of `ciphers` decides, rather than the client's. Default: true. */
  readonly honorCipherOrder?: boolean
  /** Curves for the key exchange, separated by colons. Default: `auto`, OpenSSL's choice. */
  readonly ecdhCurve?: string
  /** Parameters for the DHE ciphers, in PEM, or `auto` for well-known ones. Default: none, and so no DHE. */
  readonly dhparam?: Pem
  /** OpenSSL's `SSL_OP_` options, of `node:crypto`'s `constants`. Default: none. */
  readonly secureOptions?: number
  /** Milliseconds for which a session may be resumed, in whole seconds from 1000 on. Default: 2 h. */
  readonly sessionTimeout?: number
  /**
   * 48 secret bytes for writing session tickets; for several machines behind one name, which can then resume each
   * other's sessions. If you set them, renew them with {@link Listening.reload}, at least every day. Default: keys that
   * the listeners of a process and the workers of a cluster share, renewed every 12 h.
   */
  readonly ticketKeys?: Uint8Array
  /**
   * Gives the word of an authority's responder that a certificate was not withdrawn, for clients that ask for it in their handshake
   * (OCSP stapling, RFC 6066 §8): a response in DER, or nothing. Both certificates are in DER; the issuer's is undefined where it is not
   * among the certificates given. Called with each such handshake, which waits for it, so keep a response for as long as it
   * says. When it throws, rejects or gives something else, the handshake goes on without, and `onError` is told. Default: none.
   */
  readonly ocsp?: (certificate: Uint8Array, issuer: Uint8Array | undefined) => MaybePromise<Uint8Array | undefined>
}

/** PROXY protocol, versions 1 and 2 (its specification is part of HAProxy's documentation). */
export interface ProxyProtocolOptions {
  /**
   * Who may speak for others: addresses, networks (`10.0.0.0/8`, `fd00::/8`), or `unix` for connections over a unix socket.
   * These must send a header first, or the connection is closed. From anybody else it is not recognized as a header.
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
   * Replaces certificates, authorities or ticket keys for new connections; existing ones go on. What is not given
   * stays as it is. @throws when a certificate or key is not valid, in which case nothing has changed; TypeError without `tls`.
   */
  reload(tls: TlsReload): void
}

/** What can be replaced while a listener runs. */
export type TlsReload = Partial<PemCertificate & PfxCertificate & Pick<TlsPolicy, 'sni' | 'ca' | 'crl' | 'ticketKeys'>>
