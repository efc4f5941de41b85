// The events of connections and exchanges, and the reasons why connections end.
import type { AsyncLocalStorage } from 'node:async_hooks'
import { channel } from 'node:diagnostics_channel'
import type { ParseErrorCode } from '@spillway/parser'
import type { Http2FaultCode } from '@spillway/parser/http2'
import type { Context } from '../exchange/context.ts'
import type { Outcome } from '../exchange/errors.ts'
import type { Server } from './server.ts'
import type { Peer } from '../transport/transport.ts'

/** Why a connection ended; the first cause wins. */
export type CloseReason =
  /** The client ended it between two requests. */
  | 'client-closed'
  /** The client ended it in the middle of a request or a reply (FIN). */
  | 'client-gone'
  /** The client broke it off (RST). */
  | 'client-reset'
  /** The operating system gave it up: no answer from the client's network, for example. */
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
  /** A client of HTTP/2 cost more than its requests were worth: resets, frames without use, answers that it did not take. */
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
  /** More than `limits.bufferedBytes` was held for all connections, and this one held most for longest while nothing moved. */
  | 'memory'
  | 'shutdown'
  | 'upgraded'

/** What every event says of its connection. */
export interface ConnectionEvent {
  readonly server: Server
  /** Counts up from 1 within the process. */
  readonly connection: number
}

/** What every event says of its exchange: one request and its reply. */
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
   * Secrets of a TLS connection, as lines of the format that Wireshark reads (`SSLKEYLOGFILE`): with them, what was recorded can be
   * decrypted. Of handshakes that begin while someone listens.
   */
  keylog: ConnectionEvent & { readonly line: Uint8Array }
  /** The first bytes of a request head are here. Streams of HTTP/2 come with their heads complete. */
  head: ExchangeEvent
  /** A request head is complete and the handler is about to run. */
  request: ExchangeEvent & {
    /** For who notes something about the exchange, or hands it on: its `done` tells how it ended. */
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
    /** What it was answered with; 400 for errors of HTTP/2 itself, which reset a stream or end the connection. */
    readonly status: number
    /** In the message; of HTTP/2 that of the frame, in the connection. */
    readonly offset: number
  }
  /**
   * Bytes came in, or were given to the operating system to send; decrypted, and framing included. Only connections are
   * watched that were accepted while someone listened. The bytes are to be read at once: they change.
   */
  bytes: ConnectionEvent & { readonly direction: 'in' | 'out'; readonly bytes: Uint8Array }
  /** A connection is gone. */
  close: ConnectionEvent & {
    readonly peer: Peer
    readonly reason: CloseReason
    readonly requests: number
    readonly bytesIn: number
    readonly bytesOut: number
  }
}

/** A `node:diagnostics_channel` with the type of its messages. */
export interface EventChannel<T> {
  readonly hasSubscribers: boolean
  subscribe(listener: (event: T) => void): void
  unsubscribe(listener: (event: T) => void): boolean
  /**
   * Where a request is told, all of its exchange runs in what the store is given here: the handler, and everything that is
   * called for it later. @param transform makes it of the message. Default: the message itself.
   */
  bindStore<S>(store: AsyncLocalStorage<S>, transform?: (event: T) => S): void
  unbindStore<S>(store: AsyncLocalStorage<S>): boolean
  /** @internal */
  publish(event: T): void
}

/**
 * Lifecycle events of every server in the process, also reachable by name through `node:diagnostics_channel`
 * (`spillway.open`, `spillway.request`, …). They cost one test each while nobody listens.
 */
// decision 005
export const channels: { readonly [K in keyof ConnectionEvents]: EventChannel<ConnectionEvents[K]> } = {
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
  close: typed('close'),
}

function typed<K extends keyof ConnectionEvents>(name: K): EventChannel<ConnectionEvents[K]> {
  return channel(`spillway.${name}`) as unknown as EventChannel<ConnectionEvents[K]>
}
