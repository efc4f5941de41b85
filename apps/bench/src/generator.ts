// Our own load generator, for where wrk is not, and for what it does not know: connections of `node:net`, responses read by
// @spillway/parser. It costs more processor time for a request than wrk does, on its own core, and so reaches lower
// rates; what a request costs the server is the same.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Socket, connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { MessageParser } from '@spillway/parser'
import { Histogram } from './histogram.ts'
import type { Load, Orders } from './load.ts'

const orders = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Orders
const latencies = new Histogram()
const clients = new Set<Client>()
let requests = 0
let errors = 0
let over = false

/** One connection after the other, and one batch of requests after the other on each. */
abstract class Client {
  protected socket: Socket
  #started = 0

  constructor() {
    this.socket = this.#open()
  }

  stop(): void {
    this.socket.destroy()
  }

  /** The connection is there. */
  protected abstract begin(): void
  protected abstract read(chunk: Buffer): void

  protected send(bytes: string | Buffer): void {
    this.#started = performance.now()
    if (typeof bytes === 'string') this.socket.write(bytes, 'latin1')
    else this.socket.write(bytes)
  }

  /** What was sent last is answered. */
  protected answered(count: number): void {
    requests += count
    latencies.add((performance.now() - this.#started) * 1000)
  }

  protected failed(): void {
    if (over) return
    errors++
    this.reopen()
  }

  protected reopen(): void {
    this.socket.removeAllListeners()
    this.socket.on('error', () => {})
    this.socket.destroy()
    if (!over) this.socket = this.#open()
  }

  #open(): Socket {
    const at = { host: '127.0.0.1', port: orders.port }
    const socket = orders.tls ? connectTls({ ...at, rejectUnauthorized: false }) : connectTcp(at)
    socket.setNoDelay(true)
    socket.on(orders.tls ? 'secureConnect' : 'connect', () => this.begin())
    socket.on('data', (chunk) => this.read(chunk))
    socket.on('error', () => this.failed())
    socket.on('end', () => this.failed())
    return socket
  }
}

/** Sends requests. */
class HttpClient extends Client {
  #parser = new MessageParser('response')
  #next = 0
  #due = 0
  #closing = false

  protected begin(): void {
    this.#parser = new MessageParser('response')
    this.#batch()
  }

  #batch(): void {
    const { batches, methods, last, requestsPerConnection, pipelined } = orders
    const at = this.#next
    this.#next = (at + 1) % batches.length
    this.#closing = requestsPerConnection > 0 && Math.random() * requestsPerConnection < 1
    this.#due = pipelined
    for (let i = 0; i < pipelined; i++) this.#parser.expect(methods[at]!)
    this.send(this.#closing ? last[at]! : batches[at]!)
  }

  protected read(chunk: Buffer): void {
    try {
      for (const event of this.#parser.feed(chunk)) {
        if (event.type === 'response' && event.head.status >= 400) errors++
        if (event.type === 'end') this.#due--
      }
    } catch {
      return this.failed()
    }
    if (this.#due > 0 || over) return
    this.answered(orders.pipelined)
    if (this.#closing) this.reopen()
    else this.#batch()
  }
}

/** Sends a message over a WebSocket, and again when it has come back. */
class WebSocketClient extends Client {
  static readonly #frame = clientFrame(orders.messageBytes)
  /** A server's frame has no mask. */
  static readonly #length = WebSocketClient.#frame.length - 4
  #open = false
  #received = 0

  protected begin(): void {
    const key = randomBytes(16).toString('base64')
    const fields = `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}`
    this.socket.write(`GET /echo HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n\r\n`)
  }

  protected read(chunk: Buffer): void {
    if (!this.#open) {
      if (!chunk.toString('latin1').startsWith('HTTP/1.1 101')) return this.failed()
      this.#open = true
      return this.send(WebSocketClient.#frame)
    }
    this.#received += chunk.length
    if (this.#received < WebSocketClient.#length || over) return
    this.#received -= WebSocketClient.#length
    this.answered(1)
    this.send(WebSocketClient.#frame)
  }
}

/** A whole text message of up to 125 bytes (RFC 6455 §5.2). */
function clientFrame(bytes: number): Buffer {
  const mask = randomBytes(4)
  const content = Buffer.alloc(bytes, 'spillway').map((byte, i) => byte ^ mask[i % 4]!)
  return Buffer.concat([Buffer.from([0x81, 0x80 | bytes]), mask, content])
}

const started = performance.now()
for (let i = 0; i < orders.connections; i++)
  clients.add(orders.messageBytes > 0 ? new WebSocketClient() : new HttpClient())

setTimeout(() => {
  const duration = Math.round((performance.now() - started) * 1000)
  over = true
  for (const client of clients) client.stop()
  const [p50, p99, p999] = [0.5, 0.99, 0.999].map((share) => Math.round(latencies.at(share)))
  const load: Load = { requests, duration, p50: p50!, p99: p99!, p999: p999!, errors }
  console.log(`BENCH ${JSON.stringify(load)}`)
}, orders.seconds * 1000)
