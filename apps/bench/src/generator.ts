// Our own load generator, for machines without wrk and for what wrk cannot do: connections of `node:net`, responses read by
// @spillway/parser. It uses more processor time per request than wrk, on its own core, and so reaches lower
// rates; the cost of a request to the server is the same.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Socket, connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { constants, deflateRawSync } from 'node:zlib'
import { MessageParser } from '@spillway/parser'
import { FIN, FrameEvent, Opcode, RSV1, WebSocketReader, maskedFrame } from '@spillway/parser/websocket'
import { Histogram } from './histogram.ts'
import type { Load, Orders } from './load.ts'
import { Meter } from './proc.ts'
import { type Messages, messageText } from './workloads.ts'

const orders = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Orders
const latencies = new Histogram()
const clients = new Set<Client>()
/** Clients that are connected and wait for the others. */
const waiting: Client[] = []
let requests = 0
let errors = 0
let over = false
let started = 0
let meter: Meter

/** Uses one connection after another, and sends one batch of requests after another on each. */
abstract class Client {
  protected socket: Socket
  #sent = 0

  constructor() {
    this.socket = this.#open()
  }

  stop(): void {
    this.socket.destroy()
  }

  /** Called when the connection is open and any handshake is complete. */
  abstract begin(): void
  protected abstract greet(): void
  protected abstract read(chunk: Buffer): void

  protected send(bytes: string | Buffer, socket = this.socket): void {
    this.#sent = performance.now()
    if (typeof bytes === 'string') socket.write(bytes, 'latin1')
    else socket.write(bytes)
  }

  /** Called when the last batch has been answered. */
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
  /** Requests of the batch that were answered with an error. */
  #refused = 0

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
    this.#refused = 0
    for (let i = 0; i < pipelined; i++) this.#parser.expect(methods[at]!)
    this.send(this.#closing ? last[at]! : batches[at]!)
  }

  protected read(chunk: Buffer): void {
    try {
      for (const event of this.#parser.feed(chunk)) {
        if (event.type === 'response' && event.head.status >= 400) this.#refused++
        if (event.type === 'end') this.#due--
      }
    } catch {
      return this.failed()
    }
    if (this.#due > 0 || over) return
    errors += this.#refused
    this.answered(orders.pipelined - this.#refused)
    if (this.#closing) this.reopen()
    else this.#batch()
  }
}

/** Sends messages over a WebSocket, and sends them again when they have come back. */
class WebSocketClient extends Client {
  /** Messages of a topic go to all clients: only the first one sends, and again when all have arrived. */
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
    else if (this === firstClient()) WebSocketClient.#left = clients.size
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

  /** Called when the whole last batch has come back. */
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
      if (--WebSocketClient.#left === 0) (firstClient() as WebSocketClient).next(clients.size)
    } else if (--this.#due === 0) this.next(atOnce)
  }
}

/** Reads a stream of events that go to all clients; the first client posts the next one when the last has arrived everywhere. */
class EventClient extends Client {
  static #left = 0
  static #poster: Socket | undefined
  readonly #event: Buffer
  #isOpen = false

  constructor(event: Buffer) {
    super()
    this.#event = event
  }

  protected greet(): void {
    this.#isOpen = false
    this.socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n')
  }

  begin(): void {
    if (this !== firstClient()) return
    EventClient.#left = clients.size
    // Posts on a connection of its own: the others are occupied by event streams.
    EventClient.#poster ??= connectTcp(orders.port, '127.0.0.1')
      .setNoDelay(true)
      .on('error', () => {})
      .resume()
    this.send(this.#event, EventClient.#poster)
  }

  override stop(): void {
    super.stop()
    EventClient.#poster?.destroy()
  }

  protected read(chunk: Buffer): void {
    if (!this.#isOpen) {
      if (!chunk.toString('latin1').startsWith('HTTP/1.1 200')) return this.failed()
      this.#isOpen = true
      return arrive(this)
    }
    // However events are split into chunks, each contains the mark once.
    for (let at = chunk.indexOf(mark); at >= 0; at = chunk.indexOf(mark, at + 1)) this.#came()
  }

  #came(): void {
    if (over || --EventClient.#left > 0) return
    // Only the client that posts knows when it did.
    const one = firstClient() as EventClient
    one.answered(clients.size)
    one.begin()
  }
}

function firstClient(): Client | undefined {
  return clients.values().next().value
}

const mark = '#'

/** A request that posts text as an event. */
function eventOf({ bytes }: Messages): Buffer {
  const content = mark + messageText(bytes - 1)
  return Buffer.from(
    `POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: ${content.length}\r\n\r\n${content}`,
  )
}

/** Parameters that make a message compress to the same bytes each time it is sent. */
const noContext = 'permessage-deflate; client_no_context_takeover; server_no_context_takeover'

function batchOf({ path, bytes, atOnce }: Messages): Buffer {
  const content = Buffer.from(messageText(bytes), 'latin1')
  const packed = path === '/packed' && deflateRawSync(content, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)
  const first = FIN | Opcode.Text | (packed ? RSV1 : 0)
  const key = randomBytes(4).readUInt32BE()
  return Buffer.concat(Array.from({ length: atOnce }, () => maskedFrame(first, packed || content, key)))
}

/** No client begins until all are connected: connecting is not measured. One that reconnects later goes on at once. */
function arrive(client: Client): void {
  if (started > 0) return client.begin()
  if (waiting.push(client) < orders.connections) return
  started = performance.now()
  meter = new Meter(orders.pid, orders.others)
  for (const one of waiting) one.begin()
  setTimeout(finish, orders.seconds * 1000)
}

function finish(): void {
  const duration = Math.round((performance.now() - started) * 1000)
  const spent = meter.read()
  over = true
  for (const client of clients) client.stop()
  const [p50, p99, p999] = [0.5, 0.99, 0.999].map((share) => Math.round(latencies.at(share)))
  const load: Load = { requests, duration, p50: p50!, p99: p99!, p999: p999!, errors, spent }
  console.log(`BENCH ${JSON.stringify(load)}`)
}

const make = maker(orders.messages)
for (let i = 0; i < orders.connections; i++) clients.add(make())

function maker(messages: Messages | undefined): () => Client {
  if (!messages) return () => new HttpClient()
  if (messages.path === '/events') {
    const event = eventOf(messages)
    return () => new EventClient(event)
  }
  const batch = batchOf(messages)
  return () => new WebSocketClient(messages, batch)
}
