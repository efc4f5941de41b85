import type { Socket } from 'node:net'
import type { Transport } from '@spillway/core'

/**
 * Joins a client and a server that have agreed on another protocol. Neither is read faster than the other takes it, an end
 * of one side is passed on, and when one of them is gone without one, so is the other.
 */
export function joinTunnel(client: Transport, sent: Uint8Array, server: Socket, answered: Uint8Array): void {
  let serverEnded = false
  client.attach({
    onData: (chunk) => {
      if (!server.write(chunk)) client.pause()
    },
    onDrain: () => server.resume(),
    onEnd: () => server.end(),
    onClose: () => server.destroy(),
  })
  server.on('data', (chunk: Buffer) => {
    if (!client.write(chunk)) server.pause()
  })
  server.on('drain', () => client.resume())
  server.on('end', () => {
    serverEnded = true
    client.end()
  })
  server.on('close', () => {
    if (serverEnded) client.flushed(() => client.destroy())
    else client.reset()
  })
  if (server.destroyed) return client.reset()
  if (sent.length > 0) server.write(sent)
  if (answered.length === 0 || client.write(answered)) server.resume()
}
