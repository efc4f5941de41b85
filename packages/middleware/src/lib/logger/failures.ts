import { type CloseReason, type ConnectionEvents, type Server, channels } from '@spillway/core'
import type { ConnectionEntry } from './format.ts'

/**
 * The reasons that are reported as failures, with the status that was sent, 0 for none. What a client does by itself is not a failure, and
 * what happens in an exchange, or is refused, is logged there.
 */
const failures: Readonly<Record<CloseReason, number | null>> = {
  'client-closed': null,
  'client-gone': null,
  'client-reset': null,
  'network-error': null,
  'client-asked': null,
  'http-1.0': null,
  'reply-asked': null,
  'max-requests': null,
  'unread-content': null,
  'parse-error': null,
  abuse: null,
  'head-too-large': null,
  'tls-error': 0,
  'handshake-timeout': 0,
  'proxy-error': 0,
  'handler-error': null,
  'keep-alive-timeout': null,
  'head-timeout': null,
  'body-timeout': null,
  'write-timeout': null,
  'tunnel-timeout': null,
  'request-timeout': null,
  overload: 503,
  memory: null,
  shutdown: null,
  upgraded: null,
}

/** Reports what goes wrong on the connections of a server before a handler could know about it. Call the result to stop. */
export function watchFailures(server: Server, log: (entry: ConnectionEntry) => void): () => void {
  const onRefused = (event: ConnectionEvents['refused']): void => {
    if (event.server !== server) return
    log({ time: new Date(), client: event.peer.address, reason: event.code, status: event.status })
  }
  const onClose = (event: ConnectionEvents['close']): void => {
    if (event.server !== server) return
    const { reason, peer, bytesIn, bytesOut } = event
    const time = new Date()
    // A connection that was opened in advance and never used is not a failure.
    if (reason === 'head-timeout' && bytesIn > 0) log({ time, client: peer.address, reason, status: 408 })
    const status = failures[reason]
    if (status !== null) log({ time, client: peer.address, reason, status: bytesOut > 0 ? status : 0 })
  }
  channels.refused.subscribe(onRefused)
  channels.close.subscribe(onClose)
  return () => {
    channels.refused.unsubscribe(onRefused)
    channels.close.unsubscribe(onClose)
  }
}
