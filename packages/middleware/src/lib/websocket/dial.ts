import { once } from 'node:events'
import { type Socket, connect as connectTcp } from 'node:net'
import { type TLSSocket, connect as connectTls } from 'node:tls'
import { NodeTransport, type Transport } from '@spillway/core'
import type { ConnectSettings } from './client.ts'

/** Connects to the server of a URL. @throws Error when it cannot be reached, or does not speak the required protocol. */
export async function dial(
  { protocol, hostname, port }: URL,
  { ca, http2, server }: ConnectSettings,
  signal: AbortSignal,
): Promise<Transport> {
  const secure = protocol === 'wss:' || protocol === 'https:'
  const alpn = http2 ? 'h2' : 'http/1.1'
  if (server) return server.open({ secure, alpn })
  // An IPv6 address has brackets only in a URL.
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const where = { host, port: Number(port || (secure ? 443 : 80)) }
  const servername = /^[\d.]+$|:/.test(host) ? '' : host
  const socket: Socket = secure
    ? connectTls({ ...where, servername, ca, ALPNProtocols: [alpn] })
    : connectTcp({ ...where, allowHalfOpen: true })
  socket.allowHalfOpen = true
  // The listener for errors changes; an error in between must not end the process.
  socket.setNoDelay(true).on('error', () => {})
  try {
    await once(socket, secure ? 'secureConnect' : 'connect', { signal })
    if (secure && http2 && (socket as TLSSocket).alpnProtocol !== 'h2')
      throw new Error('The server does not speak HTTP/2')
    return new NodeTransport(socket)
  } catch (error) {
    socket.destroy()
    throw signal.aborted ? signal.reason : error
  }
}
