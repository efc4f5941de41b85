// A request to an upstream server, independent of the protocol.
import type { ReplyHeaders, Transport } from '@spillway/core'
import type { OutgoingHead } from './request-head.ts'
import type { Response } from './response-reader.ts'

type Fields = readonly (readonly [name: string, value: string])[]

/** The response to a request. */
export interface Answer extends Response {
  /**
   * Set when the server has changed to the other protocol: the transport for it, paused and not read by anybody yet, the bytes that
   * have already come, and whether it is an HTTP/2 stream.
   */
  readonly tunnel?: { readonly transport: Transport; readonly leftover: Uint8Array; readonly isStream: boolean }
}

/** The sender of a request is told what happens before its response. */
export interface Requester {
  /** 100 (Continue). */
  onContinue(): void
  /** 103 (Early Hints), or another interim response for the client. */
  onInterim(status: number, fields: ReplyHeaders): void
  /** Some time has passed, and the exchange is not over. */
  onWait(): void
  onOver(): void
}

/** One request to an upstream server and its response: on a connection of its own, or on a stream of a shared one. */
export interface UpstreamExchange {
  /** The client for whom it is in use; undefined while it is for nobody. Kept by the server it belongs to. */
  client: string | undefined
  readonly connecting: boolean
  /** Whether a request can be sent. */
  readonly usable: boolean
  /** Resolves when the connection is established, usable or not. @throws UpstreamError when it never will be. */
  connected(): Promise<void>
  /** Sends the head of a request and waits for the final response. If content follows, {@link sent} says that it is complete. */
  request(head: OutgoingHead, requester: Requester): Promise<Answer>
  /** Sends a part of the request's content; false when the server cannot keep up, or the exchange is over. */
  write(bytes: Uint8Array): boolean
  /** Resolves with true when more can be written, with false when the exchange is over. */
  writable(): Promise<boolean>
  /** The request is complete. */
  sent(trailers: Fields | undefined): void
  /** Ends the exchange, or the attempt to connect, with an error; does nothing when it is over. */
  cancel(reason: Error): void
  /** Ends the exchange as if the server had ended the connection. */
  lose(message: string): void
  destroy(): void
}

/** A deadline this many milliseconds from now, by `performance.now()`; 0 for none. */
export function deadlineIn(ms: number): number {
  return ms === 0 ? 0 : performance.now() + ms
}
