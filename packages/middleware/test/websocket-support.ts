import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import type { Server } from '@spillway/core'
import { type WebSocketHandlers, type WebSocketOptions, websocket } from '@spillway/middleware/websocket'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { start } from './server.ts'

export const key = 'dGhlIHNhbXBsZSBub25jZQ=='
export const fields: string[] = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${key}`,
]

export const echo: WebSocketHandlers = { message: (socket, data) => socket.send(data) }

export const serving = (handlers: WebSocketHandlers, options?: WebSocketOptions): Promise<Server> =>
  start(websocket(() => handlers, options))

/** A client that is connected. */
export async function client(
  server: Server,
  options: { protocols?: string[]; headers?: Record<string, string>; deflate?: boolean } = {},
): Promise<WebSocket> {
  const { protocols = [], headers = {}, deflate = false } = options
  const socket = new WebSocket(server.url.replace('http', 'ws'), protocols, { headers, perMessageDeflate: deflate })
  onTestFinished(() => socket.terminate())
  socket.on('error', () => {})
  await once(socket, 'open')
  return socket
}

export const next = async (socket: WebSocket): Promise<string> => String((await once(socket, 'message'))[0])
export const closeCode = async (socket: WebSocket): Promise<[code: number, reason: string]> => {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
  return [code, reason.toString()]
}

/** A client that writes frames by hand, and is connected. */
export async function raw(server: Server, ...more: string[]): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  socket.write(`${['GET / HTTP/1.1', 'Host: a', ...fields, ...more].join('\r\n')}\r\n\r\n`)
  await once(socket, 'data')
  return socket
}

/** A frame as clients send it, with a mask of zeros. */
export function frame(first: number, content: Buffer | string = ''): Buffer {
  const bytes = Buffer.from(content as string)
  const head = bytes.length < 126 ? [first, 0x80 | bytes.length] : [first, 0xfe, bytes.length >> 8, bytes.length & 255]
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), bytes])
}
