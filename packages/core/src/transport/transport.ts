// What a connection is for everything above sockets: the port that bytes come and go by.
import type { X509Certificate } from 'node:crypto'

/** Bytes that may wait for somebody slow before whoever makes them should pause. */
export const highWater: number = 64 * 1024

/** Up to here bytes are copied behind what is written before them: that is cheaper than to write them as a piece of their own. */
export const joinedBytes: number = 8 * 1024

/** The other end of a connection; behind a trusted proxy that sends PROXY headers, the client that it speaks for. */
export interface Peer {
  /** IP address as text, IPv4 in its plain form always; empty for unix sockets. */
  readonly address: string
  readonly port: number
  /** Whether the client's connection is encrypted (TLS). */
  readonly secure: boolean
  /** The protocol agreed on by ALPN (RFC 7301), if any: `http/1.1` or `h2`. */
  readonly alpn?: string | undefined
  /** The server name the client asked for (SNI, RFC 6066 §3), if any. */
  readonly servername?: string | undefined
  /** The client's certificate. It is here only when it was asked for and an authority in `tls.ca` vouches for it. */
  readonly certificate?: X509Certificate | undefined
  /**
   * The certificate that the client has shown, whoever vouches for it (`requestCert: 'any'`). The client has the key to it; that its
   * names are true nobody says.
   */
  readonly unverifiedCertificate?: X509Certificate | undefined
}

/**
 * A connected byte stream: what the connection needs of a socket and no more. Two implementations: `transport-node`
 * over TCP and TLS, and the in-memory one of `@spillway/core/testing`.
 */
export interface Transport {
  readonly peer: Peer
  /** Bytes accepted by `write` that have not reached the operating system. */
  readonly bufferedBytes: number
  /**
   * Bytes that have reached the operating system, and not yet the other end's, as far as somebody knows.
   * @param age milliseconds that the answer may be old
   */
  unacknowledged?(age: number): number | undefined
  /** Hands the receiver of events over; the former one hears nothing more. */
  attach(sink: TransportSink): void
  /** Sends bytes; strings are latin1. False: stop writing until `onDrain`. */
  write(chunk: string | Uint8Array): boolean
  /** Between `cork` and `uncork` writes are gathered and leave as one. */
  cork(): void
  uncork(): void
  /** Calls back once all bytes written so far have reached the operating system, or never will. */
  flushed(done: (ok: boolean) => void): void
  /** Stops and restarts reading; bytes wait in the kernel, so the sender is slowed down. */
  pause(): void
  resume(): void
  /** Ends the sending side after what was written (FIN); reading goes on. */
  end(): void
  /** Ends both sides at once; bytes not yet sent are lost. */
  destroy(): void
  /** Ends the connection with a reset, so that the peer cannot take what it got for complete. */
  reset(): void
}

/** Receives what happens on a transport. After `onClose` nothing more comes. */
export interface TransportSink {
  /** Whether the new owner of a connection after an upgrade takes bytes that are only lent, which spares a copy. */
  readonly borrows?: boolean
  /** Bytes that the new owner of a connection after an upgrade holds for it: they count as the server's. */
  readonly buffered?: number
  /**
   * Bytes came in; they may be changed.
   * @param keepable whether they may be kept, too; otherwise they are lent until this returns, and whoever keeps some makes a copy.
   * The new owner of a connection after an upgrade is given its own, unless it says that it `borrows`.
   */
  onData(chunk: Uint8Array, keepable: boolean): void
  /** `write` may go on after it returned false. */
  onDrain(): void
  /** The peer has ended its sending side (FIN). */
  onEnd(): void
  /** The connection is gone; with an error when it was not closed in order. */
  onClose(error?: Error): void
  /**
   * The server begins to shut down. The owner of an upgraded connection ends it in its protocol's own way; what is left
   * at the deadline is cut.
   */
  onShutdown?(): void
}
