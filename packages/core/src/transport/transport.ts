// What a connection is to everything above sockets: the interface through which bytes come and go.
import type { X509Certificate } from 'node:crypto'

/** When this many bytes are waiting for a slow receiver, their producer should pause. */
export const highWater: number = 64 * 1024

/** Up to this size bytes are copied to the end of what is written before them, which is cheaper than writing them separately. */
export const joinedBytes: number = 8 * 1024

/** The other end of a connection; behind a trusted proxy that sends PROXY headers, the client for whom it speaks. */
export interface Peer {
  /** IP address as text, IPv4 always in its plain form; empty for unix sockets. */
  readonly address: string
  readonly port: number
  /** Whether the client's connection is encrypted (TLS). */
  readonly secure: boolean
  /** The protocol agreed on by ALPN (RFC 7301), if any: `http/1.1` or `h2`. */
  readonly alpn?: string | undefined
  /** The server name that the client asked for (SNI, RFC 6066 §3), if any. */
  readonly servername?: string | undefined
  /** The client's certificate. Set only if it was requested and an authority in `tls.ca` vouches for it. */
  readonly certificate?: X509Certificate | undefined
  /**
   * The certificate that the client has shown, even if nobody vouches for it (`requestCert: 'any'`). The client has its key, but
   * the names in it may be false.
   */
  readonly unverifiedCertificate?: X509Certificate | undefined
}

/**
 * A connected byte stream: what the connection needs of a socket, and no more. There are two implementations: `transport-node`
 * over TCP and TLS, and the in-memory one of `@spillway/core/testing`.
 */
export interface Transport {
  readonly peer: Peer
  /** Bytes accepted by `write` that have not reached the operating system. */
  readonly bufferedBytes: number
  /**
   * Bytes that have reached the operating system but not yet the other end's, if that is known.
   * @param age milliseconds that the answer may be old
   */
  unacknowledged?(age: number): number | undefined
  /** Sets the receiver of events; the former one receives nothing more. */
  attach(sink: TransportSink): void
  /** Sends bytes; strings are latin1. False: stop writing until `onDrain`. */
  write(chunk: string | Uint8Array): boolean
  /** Between `cork` and `uncork` writes are collected and leave as one. */
  cork(): void
  uncork(): void
  /** Calls back once all bytes written so far have reached the operating system, or it is certain that they never will. */
  flushed(done: (ok: boolean) => void): void
  /** Stops and restarts reading; bytes wait in the kernel, so the sender is slowed down. */
  pause(): void
  resume(): void
  /** Ends the sending side after what was written (FIN); reading goes on. */
  end(): void
  /** Ends both sides at once; bytes that have not been sent are lost. */
  destroy(): void
  /** Ends the connection with a reset, so that the peer cannot take what it got for complete. */
  reset(): void
}

/** Receives what happens on a transport. Nothing comes after `onClose`. */
export interface TransportSink {
  /** Whether the new owner of a connection after an upgrade accepts bytes that are only lent, which saves a copy. */
  readonly borrows?: boolean
  /** Bytes that the new owner of a connection after an upgrade holds for it: they count in the server's accounts. */
  readonly buffered?: number
  /**
   * Bytes have arrived; they may be changed.
   * @param keepable whether they may also be kept; otherwise they are lent until this returns, and must be copied to be kept.
   * The new owner of a connection after an upgrade gets bytes of its own, unless it says that it `borrows`.
   */
  onData(chunk: Uint8Array, keepable: boolean): void
  /** `write` may be called again after it returned false. */
  onDrain(): void
  /** The peer has ended its sending side (FIN). */
  onEnd(): void
  /** The connection is gone; with an error when it did not close normally. */
  onClose(error?: Error): void
  /**
   * The server begins to shut down. The owner of an upgraded connection ends it in the way of its protocol; what is left
   * at the deadline is cut.
   */
  onShutdown?(): void
}
