// The entry `@spillway/middleware/websocket-client`: public names only.
import { type ConnectOptions, connectWith } from './lib/websocket/client.ts'
import type { WebSocketConnection, WebSocketHandlers } from './lib/websocket/connection.ts'

export type { ConnectOptions } from './lib/websocket/client.ts'
export type { WebSocketConnection, WebSocketHandlers } from './lib/websocket/connection.ts'

/**
 * Opens a WebSocket to a server (RFC 6455 §4.1): for tests, tools, and servers that talk to other servers. Handlers are those of
 * `websocket`; the promise resolves when the server has agreed, and rejects with an Error that says why it has not.
 * @param url `ws:` or `wss:`, or `http:` or `https:`.
 * @throws TypeError for an invalid URL, field, protocol or option, RangeError for a number out of range; both as a rejection.
 */
export async function connectWebSocket(
  url: string | URL,
  handlers: WebSocketHandlers = {},
  options: ConnectOptions = {},
): Promise<WebSocketConnection> {
  return connectWith(new URL(url), handlers, options)
}
