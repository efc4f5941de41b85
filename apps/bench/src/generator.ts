// Our own load generator, for where wrk is not, and for what it does not know: connections of `node:net`, responses read by
// @spillway/parser. It costs more processor time for a request than wrk does, on its own core, and so reaches lower
// rates; what a request costs the server is the same.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Socket, connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { constants, deflateRawSync } from 'node:zlib'
import { MessageParser } from '@spillway/parser'
import { FIN, FrameEvent, Opcode, RSV1, WebSocketReader, maskedFrame } from '@spillway/parser/websocket'
import { Histogram } from './histogram.ts'
import type { Load, Orders } from './load.ts'
import { usage } from './proc.ts'
import type { Messages } from './workloads.ts'

const orders = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Orders
const latencies = new Histogram()
const clients = new Set<Client>()
/** Those that are connected and wait for the others. */
const waiting: Client[] = []
let requests = 0
let errors = 0
let over = false
let started = 0
let cpuBefore = 0

/** One connection after the other, and one batch of requests after the other on each. */
abstract class Client {
  protected socket: Socket
  #sent = 0

  constructor() {
    this.socket = this.#open()
  }

  stop(): void {
    this.socket.destroy()
  }

  /** The connection is there, and whatever has to be said first. */
  abstract begin(): void
  protected abstract greet(): void
  protected abstract read(chunk: Buffer): void

  protected send(bytes: string | Buffer): void {
    this.#sent = performance.now()
    if (typeof bytes === 'string') this.socket.write(bytes, 'latin1')
    else this.socket.write(bytes)
  }

  /** What was sent last is answered. */
  protected answered(count: number): void {
    requests += count
    latencies.add((performance.now() - this.#sent) * 1000)
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
    socket.on(orders.tls ? 'secureConnect' : 'connect', () => this.greet())
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

  protected greet(): void {
    this.#parser = new MessageParser('response')
    arrive(this)
  }

  begin(): void {
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

/** Sends messages over a WebSocket, and again when they have come back. */
class WebSocketClient extends Client {
  /** Messages of a topic come to all: only the first one sends, when they are there. */
  static #left = 0
  readonly #messages: Messages
  readonly #batch: Buffer
  #reader: WebSocketReader | undefined
  #due = 0

  constructor(messages: Messages, batch: Buffer) {
    super()
    this.#messages = messages
    this.#batch = batch
  }

  protected greet(): void {
    const { path } = this.#messages
    const key = randomBytes(16).toString('base64')
    const fields = `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}`
    const offer = path === '/packed' ? `\r\nSec-WebSocket-Extensions: ${noContext}` : ''
    this.#reader = undefined
    this.socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${fields}${offer}\r\n\r\n`)
  }

  begin(): void {
    const { path, atOnce } = this.#messages
    if (path !== '/publish') this.#due = atOnce
    else if (this === publisher()) WebSocketClient.#left = clients.size
    else return
    this.send(this.#batch)
  }

  protected read(chunk: Buffer): void {
    if (this.#reader) return this.#count(this.#reader, chunk)
    const answer = chunk.toString('latin1')
    const isPacked = this.#messages.path === '/packed'
    if (!answer.startsWith('HTTP/1.1 101') || isPacked !== answer.includes('permessage-deflate')) return this.failed()
    this.#reader = new WebSocketReader({ from: 'server', deflate: isPacked, messageBytes: 2 ** 30 })
    arrive(this)
  }

  /** All of the last batch is there. */
  next(count: number): void {
    this.answered(count)
    this.begin()
  }

  #count(reader: WebSocketReader, chunk: Buffer): void {
    let event = reader.next(chunk, 0, chunk.length)
    for (; event !== FrameEvent.NeedMore; event = reader.next(chunk, reader.pos, chunk.length)) {
      if (event === FrameEvent.Close || event === FrameEvent.Error) return this.failed()
      if (event === FrameEvent.Data && reader.final && !over) this.#came()
    }
  }

  #came(): void {
    const { path, atOnce } = this.#messages
    if (path === '/publish') {
      if (--WebSocketClient.#left === 0) publisher().next(clients.size)
    } else if (--this.#due === 0) this.next(atOnce)
  }
}

function publisher(): WebSocketClient {
  return clients.values().next().value as WebSocketClient
}

/** What makes a message the same bytes each time it is sent. */
const noContext = 'permessage-deflate; client_no_context_takeover; server_no_context_takeover'

/** Messages of words, as text of people and programs is. */
function batchOf({ path, bytes, atOnce }: Messages): Buffer {
  const content = Buffer.from(textOf(bytes), 'latin1')
  const packed = path === '/packed' && deflateRawSync(content, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)
  const first = FIN | Opcode.Text | (packed ? RSV1 : 0)
  const key = randomBytes(4).readUInt32BE()
  return Buffer.concat(Array.from({ length: atOnce }, () => maskedFrame(first, packed || content, key)))
}

function textOf(bytes: number): string {
  let text = ''
  for (let i = 0; text.length < bytes; i++)
    text += `{"id":${(i * 7919) % 10_007},"name":"item ${i}","price":${(i * 37) % 997}},`
  return text.slice(0, bytes)
}

/** Nobody begins before all are there: what it takes to connect is not what is measured. Who comes back later goes on at once. */
function arrive(client: Client): void {
  if (started > 0) return client.begin()
  if (waiting.push(client) < orders.connections) return
  started = performance.now()
  cpuBefore = usage(orders.pid).cpu
  for (const one of waiting) one.begin()
  setTimeout(finish, orders.seconds * 1000)
}

function finish(): void {
  const duration = Math.round((performance.now() - started) * 1000)
  const cpu = usage(orders.pid).cpu - cpuBefore
  over = true
  for (const client of clients) client.stop()
  const [p50, p99, p999] = [0.5, 0.99, 0.999].map((share) => Math.round(latencies.at(share)))
  const load: Load = { requests, duration, p50: p50!, p99: p99!, p999: p999!, errors, cpu }
  console.log(`BENCH ${JSON.stringify(load)}`)
}

const { messages } = orders
const batch = messages && batchOf(messages)
for (let i = 0; i < orders.connections; i++)
  clients.add(messages && batch ? new WebSocketClient(messages, batch) : new HttpClient())
