// The events of connections and exchanges, and the reasons why connections end.
import type { AsyncLocalStorage } from 'node:async_hooks'
import { channel } from 'node:diagnostics_channel'
import type { ParseErrorCode } from '@spillway/parser'
import type { Http2FaultCode } from '@spillway/parser/http2'
import type { Context } from '../exchange/context.ts'
import type { Outcome } from '../exchange/errors.ts'
import type { Server } from './server.ts'
import type { Peer } from '../transport/transport.ts'

/**
 * Why a connection ended; the first cause wins. `ConnectionLog.because` records it. For a new reason the compiler asks for a sentence in
 * `packages/inspect/src/model/reasons.ts`, and whether it is a failure in the logger's `failures.ts`.
 */
export type CloseReason =
  /** The client ended it between two requests. */
  | 'client-closed'
  /** The client ended it in the middle of a request or a reply (FIN). */
  | 'client-gone'
  /** The client broke it off (RST). */
  | 'client-reset'
  /** The operating system gave it up, for example because the client's network did not answer. */
  | 'network-error'
  /** The request asked for it: `Connection: close`. */
  | 'client-asked'
  /** The request was HTTP/1.0 and did not ask for more (RFC 9112 §9.3). */
  | 'http-1.0'
  /** The reply could only be delimited by the end of the connection, or the handler set `Connection: close`. */
  | 'reply-asked'
  /** `limits.requestsPerConnection` was reached. */
  | 'max-requests'
  /** More unread content followed the reply than `limits.discardBytes`. */
  | 'unread-content'
  | 'parse-error'
  /** An HTTP/2 client cost more than its requests were worth: resets, useless frames, responses that it did not take. */
  | 'abuse'
  /** The head was larger than the limits allow. */
  | 'head-too-large'
  /** The TLS handshake failed: no common protocol, no accepted certificate, or no TLS at all. */
  | 'tls-error'
  | 'handshake-timeout'
  /** A trusted proxy sent no PROXY header, or a malformed one. */
  | 'proxy-error'
  /** The handler failed after its reply had begun. */
  | 'handler-error'
  | 'keep-alive-timeout'
  | 'head-timeout'
  | 'body-timeout'
  | 'write-timeout'
  /** Nothing moved on an upgraded connection for `timeouts.tunnel`. */
  | 'tunnel-timeout'
  | 'request-timeout'
  /** The server is full. */
  | 'overload'
  /** More than `limits.bufferedBytes` was held for all connections, and this one had held the most for the longest without progress. */
  | 'memory'
  | 'shutdown'
  | 'upgraded'

/** What every event says about its connection. */
export interface ConnectionEvent {
  readonly server: Server
  /** Counts up from 1 within the process. */
  readonly connection: number
}

/** What every event says about its exchange: one request and its reply. */
export interface ExchangeEvent extends ConnectionEvent {
  /** 1 for the first request on its connection. */
  readonly exchange: number
}

/** The lifecycle of connections and exchanges, by channel name. Byte counts are bytes on the wire. */
export interface ConnectionEvents {
  /** A connection was accepted. */
  open: ConnectionEvent & { readonly peer: Peer }
  /** A TLS handshake is complete. */
  secure: ConnectionEvent & { readonly peer: Peer; /** `TLSv1.3`, for example. */ readonly protocol: string }
  /**
   * Secrets of a TLS connection, as lines in the format that Wireshark reads (`SSLKEYLOGFILE`), with which a recording can be
   * decrypted. Only for handshakes that begin while someone listens.
   */
  keylog: ConnectionEvent & { readonly line: Uint8Array }
  /** The first bytes of a request head have arrived. HTTP/2 streams arrive with complete heads. */
  head: ExchangeEvent
  /** A request head is complete and the handler is about to run. */
  request: ExchangeEvent & {
    /** For subscribers that record something about the exchange, or pass it on: its `done` reports how it ended. */
    readonly context: Context
    readonly method: string
    readonly target: string
    readonly httpVersion: Context['httpVersion']
    readonly headBytes: number
  }
  /** A reply's head was written. */
  reply: ExchangeEvent & {
    readonly context: Context
    readonly status: number
    /** Whether the connection may be kept. */ readonly persist: boolean
  }
  /** An exchange has ended, one way or the other. */
  end: ExchangeEvent & { readonly context: Context; readonly outcome: Outcome }
  /** The exchange is over and the connection waits for another request. */
  idle: ExchangeEvent
  /** A message was refused: it could not be parsed, or broke a limit. */
  refused: ConnectionEvent & {
    readonly peer: Peer
    readonly code: ParseErrorCode | Http2FaultCode
    /** The status of the answer; 400 for errors of HTTP/2 itself, which reset a stream or end the connection. */
    readonly status: number
    /** Position of the offending byte in the message; for HTTP/2, position of the frame in the connection. */
    readonly offset: number
  }
  /**
   * Bytes were received, or passed to the operating system to be sent; decrypted, and including framing. Only connections
   * accepted while someone listened are watched. Read the bytes at once, because they will change.
   */
  bytes: ConnectionEvent & { readonly direction: 'in' | 'out'; readonly bytes: Uint8Array }
  /**
   * One side has nothing more to send (FIN): the client, or the server behind what it has written. The other may go on (half-closed,
   * RFC 9293 §3.6). Nothing is told of a connection that ends at once. Watched as `bytes` are.
   */
  fin: ConnectionEvent & { readonly by: 'client' | 'server' }
  /** A connection is gone. */
  close: ConnectionEvent & {
    readonly peer: Peer
    readonly reason: CloseReason
    readonly requests: number
    readonly bytesIn: number
    readonly bytesOut: number
  }
}

/** What happens to servers, and to their connections and exchanges, by channel name. */
export interface ServerEvents extends ConnectionEvents {
  /** A server accepts connections at one more address. */
  listening: { readonly server: Server; /** As `Listening.url`. */ readonly url: string }
}

/** A `node:diagnostics_channel` with the type of its messages. */
export interface EventChannel<T> {
  readonly hasSubscribers: boolean
  subscribe(listener: (event: T) => void): void
  unsubscribe(listener: (event: T) => void): boolean
  /**
   * When a request is reported, the store is set for all of its exchange: the handler, and everything that is
   * called for it later. @param transform makes the store's value from the message. Default: the message itself.
   */
  bindStore<S>(store: AsyncLocalStorage<S>, transform?: (event: T) => S): void
  unbindStore<S>(store: AsyncLocalStorage<S>): boolean
  /** @internal */
  publish(event: T): void
}

/**
 * Lifecycle events of every server in the process, also available by name through `node:diagnostics_channel`
 * (`spillway.open`, `spillway.request`, …). While nobody listens, each costs one check.
 */
// decision 005
export const channels: { readonly [K in keyof ServerEvents]: EventChannel<ServerEvents[K]> } = {
  listening: typed('listening'),
  open: typed('open'),
  secure: typed('secure'),
  keylog: typed('keylog'),
  head: typed('head'),
  request: typed('request'),
  reply: typed('reply'),
  end: typed('end'),
  idle: typed('idle'),
  refused: typed('refused'),
  bytes: typed('bytes'),
  fin: typed('fin'),
  close: typed('close'),
}

function typed<K extends keyof ServerEvents>(name: K): EventChannel<ServerEvents[K]> {
  return channel(`spillway.${name}`) as unknown as EventChannel<ServerEvents[K]>
}
