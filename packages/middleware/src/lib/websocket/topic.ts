// Topics: who follows one, and what is sent to all of them.
import type { WebSocketConnection } from './connection.ts'

/** The sending end of a stream of server-sent events, reduced to what topics need. */
export interface EventReceiver {
  readonly lastEventId: string | undefined
  readonly signal: AbortSignal
  send(event: { readonly data: unknown }): Promise<void>
}

/** A receiver of published messages: a WebSocket, or a stream of server-sent events. */
export type Receiver = WebSocketConnection | EventReceiver

/** A topic that many receivers follow. Messages reach those who are connected, at most once, and nobody is told what they missed. */
export interface Topic {
  readonly name: string
  /** How many receivers follow it in this process. */
  readonly size: number
  /**
   * Sends what is published to a receiver from now on, until it is gone; subscribing twice has no further effect.
   * @returns a function that unsubscribes it.
   * @throws RangeError when it already follows as many topics as it may, or for a name of more than 1024 characters.
   */
  subscribe(receiver: Receiver): () => void
  /**
   * Sends a message to all receivers: text and bytes as they are, other values as JSON. It is encoded and compressed
   * once, however many receive it. Event streams get it as the data of an event; bytes cannot be sent there, and are left out.
   * @throws TypeError when a value has no JSON form.
   */
  publish(message: unknown): void
}

/** How messages reach other processes. */
export interface Bus {
  /** Passes a message to all other listeners. What it throws or rejects with is reported to `onError`. */
  publish(topic: string, message: string | Uint8Array): unknown
  /** Calls back for what others publish. @returns a function that stops this. */
  listen(topic: string, listener: (message: string | Uint8Array) => void): () => unknown
}
