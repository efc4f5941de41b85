import { type ConnectOptions, connectWith } from './lib/websocket/client.ts'
import type { WebSocketConnection, WebSocketHandlers } from './lib/websocket/connection.ts'

export type { ConnectOptions } from './lib/websocket/client.ts'
export type { WebSocketConnection, WebSocketHandlers } from './lib/websocket/connection.ts'

/**
 * Opens a WebSocket to a server (RFC 6455 §4.1): for tests, tools, and servers that speak to others. Handlers are those of
 * `websocket`; the promise is fulfilled when the server has agreed, and rejects with an Error that says why it has not.
 * @param url `ws:` or `wss:`, or the same with `http`.
 * @throws TypeError when the URL, a field, a protocol or an option is not one, RangeError for a number out of range; as a rejection.
 */
export async function connectWebSocket(
  url: string | URL,
  handlers: WebSocketHandlers = {},
  options: ConnectOptions = {},
): Promise<WebSocketConnection> {
  return connectWith(new URL(url), handlers, options)
}
