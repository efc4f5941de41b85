// Who listens to a topic, and what is sent to all of them.
import type { WebSocketConnection } from './connection.ts'

/** The sending end of a stream of server-sent events, as far as topics need it. */
export interface EventReceiver {
  readonly lastEventId: string | undefined
  readonly signal: AbortSignal
  send(event: { readonly data: unknown }): Promise<void>
}

/** Who can get what is published: a WebSocket, or a stream of server-sent events. */
export type Receiver = WebSocketConnection | EventReceiver

/** What many follow. Messages reach those who are there: at most once, and nobody is told what was missed. */
export interface Topic {
  readonly name: string
  /** How many follow it in this process. */
  readonly size: number
  /**
   * Has what is published sent to a receiver, until it is gone; following twice is following once.
   * @returns a function that ends that before.
   * @throws RangeError when it follows as many topics as it may, or for a name of more than 1024 characters.
   */
  subscribe(receiver: Receiver): () => void
  /**
   * Sends a message to all that follow: text and bytes as they are, other values as JSON. It is written once, and compressed
   * once, however many get it. Streams of events get it as the data of an event; bytes are none, and are left out there.
   * @throws TypeError when a value has no JSON form.
   */
  publish(message: unknown): void
}

/** How messages reach other processes. */
export interface Bus {
  /** Hands a message on to all that listen, but not to itself. What throws or rejects is told to `onError`. */
  publish(topic: string, message: string | Uint8Array): unknown
  /** Calls back for what others publish. @returns a function that ends that. */
  listen(topic: string, listener: (message: string | Uint8Array) => void): () => unknown
}
