// The clients of one process of `scale.ts`. It reports when all are connected, and runs until it is killed.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { type Socket, connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { maskedFrame, FIN, Opcode } from '@spillway/parser/websocket'
import type { ScaleOrders } from './scale.ts'

const { kind, port, from, count } = JSON.parse(process.argv[2] ?? '') as ScaleOrders
const at = { host: '127.0.0.1', port, localAddress: from }
const second = 1000
const streams = 100
const text = 'x'.repeat(125)
/** Connections opened at a time, so that none has to wait in the listen queue. */
const batch = 50

const asGet = (path: string, fields = ''): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n`
const upgrade = (): string =>
  asGet(
    '/publish',
    `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n`,
  )

/** Opens a connection and waits for the beginning of a response. */
async function ask(request: string): Promise<Socket> {
  const socket = connect(at)
  socket.on('error', leave).on('end', leave)
  socket.write(request)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  if (!/^HTTP\/1.1 (?:200|101)/.test(answer.toString('latin1'))) leave()
  return socket
}

/** Ends the process when the server drops a client: the measurement is then invalid. */
function leave(): void {
  process.exit(1)
}

const opened: Socket[] = []
const ways: Readonly<Record<string, () => Promise<unknown>>> = {
  idle: () => ask(asGet('/plaintext')),
  events: () => ask(asGet('/events')),
  websocket: async () => void opened.push(await ask(upgrade())),
  slow: async () => void opened.push((await ask(asGet('/static/1m.txt'))).pause()),
  streams: openStreams,
}

async function openStreams(): Promise<void> {
  const socket = connectTls({ ...at, ALPNProtocols: ['h2'], rejectUnauthorized: false })
  const session = connectHttp2('https://127.0.0.1', { createConnection: () => socket }).on('error', leave)
  await once(session, 'connect')
  const heads = Array.from({ length: streams }, () =>
    once(session.request({ ':path': '/events' }).resume(), 'response'),
  )
  await Promise.all(heads)
}

for (let left = count; left > 0; left -= batch)
  await Promise.all(Array.from({ length: Math.min(batch, left) }, ways[kind]!))
process.send!('ready')

// With a masking key of zero, the payload is unchanged.
const message = maskedFrame(FIN | Opcode.Text, Buffer.from(text), 0)
const event = `POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n\r\n${text}`
const poster = kind === 'events' ? connect(at).on('error', leave).resume() : undefined
setInterval(() => {
  poster?.write(event)
  if (kind === 'websocket') opened[0]!.write(message)
  // Each reads one chunk, and pauses again.
  if (kind === 'slow') for (const socket of opened) socket.once('data', () => socket.pause()).resume()
}, second)
