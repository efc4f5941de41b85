// Limits and timeouts, each with the reason for its default.
import { type BodyLimits, type HeadLimits, defaultBodyLimits, defaultHeadLimits } from '@spillway/parser'
import type { Http2Limits } from '@spillway/parser/http2'

/** An upper bound for everything that could be endless, in bytes or counts. */
export interface Limits extends HeadLimits, BodyLimits {
  /** Content of one request; `c.body.limit` changes it for one. 413 while reading. */
  readonly bodyBytes: number
  /** Unread content dropped after a reply to keep the connection; beyond it the connection is closed. */
  readonly discardBytes: number
  /** Bytes that may wait behind a request being answered before the socket is paused. */
  readonly pipelinedBytes: number
  /** Requests on one connection; 0 means any number. */
  readonly requestsPerConnection: number
  /** Connections at a time; 0 means any number. One more is answered 503 and closed. */
  readonly connections: number
  /**
   * Connections at a time from one address, or one /64 network of IPv6, which is what one customer has; 0 means any number.
   * One more is answered 503 and closed.
   */
  readonly connectionsPerAddress: number
  /**
   * Bytes held for all connections together, measured each tick: heads, content, what waits in sockets, and what sources read
   * ahead. Memory that several of them hold counts once. Beyond it the connections are cut that have held most for longest
   * while nothing moved; where that is not enough, new connections and requests are answered 503.
   */
  readonly bufferedBytes: number
}

/** What the parser has to know of the limits: those for heads. */
export function headLimits(limits: Limits): HeadLimits {
  return pick(defaultHeadLimits, limits)
}

/** Those for content. */
export function bodyLimits(limits: Limits): BodyLimits {
  return pick(defaultBodyLimits, limits)
}

/** Those for what HTTP/2 has in place of both. */
export function http2Limits(limits: Limits): Partial<Http2Limits> {
  const { trailerBytes, trailerFields } = limits
  return { ...headLimits(limits), trailerBytes, trailerFields }
}

function pick<T extends object>(names: T, limits: T): T {
  return Object.fromEntries(Object.keys(names).map((name) => [name, limits[name as keyof T]])) as T
}

export const defaultLimits: Limits = {
  ...defaultHeadLimits,
  ...defaultBodyLimits,
  // Room for any form and JSON document; uploads are raised where they are expected.
  bodyBytes: 1024 * 1024,
  // Cheaper to read than a new connection costs, short enough not to be a gift to an attacker.
  discardBytes: 1024 * 1024,
  // One read of the socket.
  pipelinedBytes: 64 * 1024,
  requestsPerConnection: 0,
  connections: 0,
  // Behind a proxy or a large NAT every client has one address: whoever is not there may set a limit.
  connectionsPerAddress: 0,
  // Every connection is bounded by about 200 KiB; this bounds what many slow ones hold together.
  bufferedBytes: 256 * 1024 * 1024,
}

/** How long each phase may take, in milliseconds; 0 switches a deadline off. Each is a clock of its own. */
export interface Timeouts {
  /** The TLS handshake, from accept (from the PROXY header's end, where there is one). */
  readonly handshake: number
  /** From the first byte of a head (from accept, for the first one) to its end; bytes do not reset it. */
  readonly head: number
  /** Between two reads of content, while somebody waits for it; without it, there is no least rate of content either. */
  readonly bodyIdle: number
  /**
   * Between the end of a reply and the next request; told to the client as `Keep-Alive: timeout`. The connection ends a
   * second later, and after a last look at the socket, so that a client which keeps to it never meets a closed one.
   */
  readonly keepAlive: number
  /** Without the client taking anything of what was written. */
  readonly writeStall: number
  /**
   * From the end of a head to the end of its reply: content, handler and all. A client that is still sending is told 408, one
   * that waits for the handler 503, and a reply that has begun is cut. Default: none, for downloads and streams of events may take
   * as long as they like; the others bound every step.
   */
  readonly request: number
  /**
   * Without a byte of the reply, once the client has ended its side of the connection (FIN). Whoever has only finished sending
   * gets its answer when it comes within that time; whoever has left does not keep a handler or a stream waiting for good.
   */
  readonly halfClosed: number
  /** Without a byte in either direction on a connection that another protocol has taken over. Default: none. */
  readonly tunnel: number
  /** For the client to read our last bytes after we ended the connection. */
  readonly linger: number
}

export const defaultTimeouts: Timeouts = {
  // Two round trips and a signature each; nobody sends it by hand.
  handshake: 10_000,
  // Heads fit a few packets; 20 s forgive a bad radio link and starve slowloris.
  head: 20_000,
  bodyIdle: 30_000,
  // Longer than the 60 s of common load balancers, so that they end connections and never meet a closed one.
  keepAlive: 72_000,
  // A socket says "writable" only when a third of its send buffer has drained: where the system says no more than that (it does on
  // Linux), a slow but honest reader needs a minute.
  writeStall: 62_000,
  request: 0,
  // Clients that half-close and wait are scripts with a quick question; browsers that leave look the same.
  halfClosed: 10_000,
  tunnel: 0,
  linger: 2_000,
}

/** The least content rate: an upload slower than this is a slow attack, not a slow line. */
const minimumBodyRate = {
  /** Bytes per second, averaged over the time content was wanted. */
  bytesPerSecond: 240,
  /** Milliseconds before it counts. */
  grace: 5_000,
} as const

/** Whether somebody who has waited `ms` milliseconds for content, and got `bytes` of it, has a client below the minimum rate. */
export function isTooSlow(bytes: number, ms: number): boolean {
  const counted = ms - minimumBodyRate.grace
  return counted > 0 && bytes < (counted / 1000) * minimumBodyRate.bytesPerSecond
}
