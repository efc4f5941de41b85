// Limits and timeouts, each with the reason for its default.
import { type BodyLimits, type HeadLimits, defaultBodyLimits, defaultHeadLimits } from '@spillway/parser'
import type { Http2Limits } from '@spillway/parser/http2'

/** An upper bound for everything that could be endless, in bytes or counts. */
export interface Limits extends HeadLimits, BodyLimits {
  /** Content of one request; `c.body.limit` changes it for a single one. 413 while reading. */
  readonly bodyBytes: number
  /** Unread content that is discarded after a reply to keep the connection; beyond that, the connection is closed. */
  readonly discardBytes: number
  /** Bytes that may wait behind a request that is being answered before the socket is paused. */
  readonly pipelinedBytes: number
  /** Requests on one connection; 0 means any number. */
  readonly requestsPerConnection: number
  /** Connections at a time; 0 means any number. Further ones are answered 503 and closed. */
  readonly connections: number
  /**
   * Connections at a time from one address, or one IPv6 /64 network, which is what one customer has; 0 means any number.
   * Further ones are answered 503 and closed.
   */
  readonly connectionsPerAddress: number
  /**
   * Bytes held for all connections together, measured each tick: heads, content, what waits in sockets, and what sources read
   * ahead. Memory held by several of them counts once. Beyond the limit, the connections that have held the most for the longest
   * without progress are cut; if that is not enough, new connections and requests are answered 503.
   */
  readonly bufferedBytes: number
}

/** The limits for heads, which are passed to the parser. */
export function headLimits(limits: Limits): HeadLimits {
  return pick(defaultHeadLimits, limits)
}

/** The limits for content. */
export function bodyLimits(limits: Limits): BodyLimits {
  return pick(defaultBodyLimits, limits)
}

/** The limits for HTTP/2's equivalents of both. */
export function http2Limits(limits: Limits): Partial<Http2Limits> {
  const { trailerBytes, trailerFields } = limits
  return { ...headLimits(limits), trailerBytes, trailerFields }
}

function pick<T extends object>(names: T, limits: T): T {
  return Object.fromEntries(Object.keys(names).map((name) => [name, limits[name as keyof T]])) as T
}

export const defaultLimits: Required<Limits> = {
  ...defaultHeadLimits,
  ...defaultBodyLimits,
  // Room for any form and JSON document; raise it where uploads are expected.
  bodyBytes: 1024 * 1024,
  // Cheaper to read than opening a new connection, but not large enough to be of use to an attacker.
  discardBytes: 1024 * 1024,
  // One read of the socket.
  pipelinedBytes: 64 * 1024,
  requestsPerConnection: 0,
  connections: 0,
  // Behind a proxy or a large NAT all clients have the same address: set a limit where that is not the case.
  connectionsPerAddress: 0,
  // Each connection is bounded by about 200 KiB; this bounds what many slow ones hold together.
  bufferedBytes: 256 * 1024 * 1024,
}

/** How long each phase may take, in milliseconds; 0 turns a deadline off. Each has its own clock. */
export interface Timeouts {
  /** The TLS handshake, from accept (from the PROXY header's end, where there is one). */
  readonly handshake: number
  /** From the first byte of a head (from accept, for the first one) to its end; bytes do not reset it. */
  readonly head: number
  /** Between two reads of content, while somebody waits for it; 0 also turns off the minimum rate of content. */
  readonly bodyIdle: number
  /**
   * Between the end of a reply and the next request; the client is told as `Keep-Alive: timeout`. The connection ends a
   * second later, after a last look at the socket, so that a client that keeps to the time never finds it closed.
   */
  readonly keepAlive: number
  /** While the client takes none of what was written. */
  readonly writeStall: number
  /**
   * From the end of a head to the end of its reply, including content and handler. A client that is still sending gets 408, one
   * that is waiting for the handler 503, and a reply that has begun is cut. Default: none, because downloads and event streams may take
   * as long as they like; the other deadlines bound every step.
   */
  readonly request: number
  /**
   * Without progress of the reply, once the client has ended its side of the connection (FIN). A client that has only finished sending
   * gets its reply if that comes within this time; one that has left does not keep a handler or a stream waiting for ever.
   */
  readonly halfClosed: number
  /** Without a byte in either direction on a connection that another protocol has taken over. Default: none. */
  readonly tunnel: number
  /** For the client to read our last bytes after we have ended the connection. */
  readonly linger: number
}

export const defaultTimeouts: Required<Timeouts> = {
  // Two round trips and a signature on each side; no human is involved.
  handshake: 10_000,
  // Heads fit into a few packets; 20 s are enough for a bad radio link and too few for slowloris.
  head: 20_000,
  bodyIdle: 30_000,
  // Longer than the 60 s of common load balancers, so that they end connections and never find one closed.
  keepAlive: 72_000,
  // A socket reports "writable" only when a third of its send buffer has drained: where the system gives no finer information (Linux
  // does), a slow but honest reader needs a minute.
  writeStall: 62_000,
  request: 0,
  // Clients that half-close and wait are scripts with a quick question; browsers that have left look the same.
  halfClosed: 10_000,
  tunnel: 0,
  linger: 2_000,
}

/** The minimum rate of content: a slower upload is an attack, not a slow line. */
const minimumBodyRate = {
  /** Bytes per second, averaged over the time content was wanted. */
  bytesPerSecond: 240,
  /** Milliseconds before the rate is checked. */
  grace: 5_000,
} as const

/** Whether a reader that has waited `ms` milliseconds for content, and got `bytes` of it, has a client below the minimum rate. */
export function isTooSlow(bytes: number, ms: number): boolean {
  const counted = ms - minimumBodyRate.grace
  return counted > 0 && bytes < (counted / 1000) * minimumBodyRate.bytesPerSecond
}
