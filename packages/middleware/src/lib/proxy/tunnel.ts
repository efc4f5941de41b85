import type { Transport } from '@spillway/core'

/**
 * Joins a client and a server that have agreed on another protocol. Neither is read faster than the other takes it, the end
 * of one side is passed on, and when one of them is lost without an end, the other is cut.
 * @param answered what the server has already sent; its side is paused.
 * @param onClose is called when the server's side is gone.
 */
export function joinTunnel(
  client: Transport,
  sent: Uint8Array,
  server: Transport,
  answered: Uint8Array,
  onClose: () => void,
): void {
  let serverEnded = false
  client.attach({
    onData: (chunk) => {
      if (!server.write(chunk)) client.pause()
    },
    onDrain: () => server.resume(),
    onEnd: () => server.end(),
    onClose: () => server.destroy(),
  })
  server.attach({
    onData: (chunk, keepable) => {
      if (!client.write(keepable ? chunk : Buffer.from(chunk))) server.pause()
    },
    onDrain: () => client.resume(),
    onEnd: () => {
      serverEnded = true
      client.end()
    },
    onClose: () => {
      onClose()
      if (serverEnded) client.flushed(() => client.destroy())
      else client.reset()
    },
  })
  if (sent.length > 0) server.write(sent)
  if (answered.length === 0 || client.write(answered)) server.resume()
}
