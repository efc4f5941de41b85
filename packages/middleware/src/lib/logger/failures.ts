import { type CloseReason, type ConnectionEvents, type Server, channels } from '@spillway/core'
import type { ConnectionEntry } from './format.ts'

/** Reasons that are reported as failures, with the status that was sent. What a client does by itself is not a failure. */
const failures: ReadonlyMap<CloseReason, number> = new Map<CloseReason, number>([
  ['overload', 503],
  ['tls-error', 0],
  ['handshake-timeout', 0],
  ['proxy-error', 0],
])

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
    const status = failures.get(reason)
    if (status !== undefined) log({ time, client: peer.address, reason, status: bytesOut > 0 ? status : 0 })
  }
  channels.refused.subscribe(onRefused)
  channels.close.subscribe(onClose)
  return () => {
    channels.refused.unsubscribe(onRefused)
    channels.close.unsubscribe(onClose)
  }
}
