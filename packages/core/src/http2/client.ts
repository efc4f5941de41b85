// The client side of an HTTP/2 connection.
import {
  ErrorCode,
  Http2Machine,
  type Http2Limits,
  type Http2Response,
  type Http2Stream,
  MachineEvent,
} from '@spillway/parser/http2'
import { decodeLatin1 } from '../transport/bytes.ts'
import type { Peer, Transport, TransportSink } from '../transport/transport.ts'
import { ClientStream, type ResponseSink, type StreamFailure } from './client-stream.ts'
import { Http2Output } from './output.ts'
import type { StreamOwner } from './stream-transport.ts'

export type { ClientStream, ResponseSink, StreamFailure } from './client-stream.ts'
export type { StreamTransport } from './stream-transport.ts'

/** The highest identifier that a client's stream can have (RFC 9113 §5.1.1). */
const lastStream = 2 ** 31 - 1
/** Streams that may begin before the server has said how many it allows. */
const presumedStreams = 100

/** Is told what becomes of a connection to an HTTP/2 server. */
export interface Http2ClientOwner {
  /** The number of requests that may begin has changed: the server has announced its limits, or a stream has ended. */
  onChange(): void
  /** The connection is gone; all its streams have already been told. */
  onClose(error?: Error): void
}

/**
 * The client end of an HTTP/2 connection (RFC 9113), for proxies, tools and tests: many requests at a time on one transport.
 * It has no clock: its owner decides how long to wait.
 */
export class Http2Client implements StreamOwner, TransportSink {
  readonly machine: Http2Machine
  readonly #transport: Transport
  readonly #output: Http2Output
  readonly #owner: Http2ClientOwner
  #isLeaving = false
  #isOver = false
  /** Whether the server's SETTINGS have arrived. */
  #hasSettings = false
  /** Whether a PING is on its way, and nothing has arrived since. */
  #isProbed = false

  /** Begins a connection on a transport that accepts bytes. */
  constructor(transport: Transport, owner: Http2ClientOwner, limits?: Partial<Http2Limits>) {
    this.machine = new Http2Machine('client', limits, decodeLatin1)
    this.#transport = transport
    this.#owner = owner
    this.#output = new Http2Output(this.machine, transport, this)
    transport.attach(this)
    this.machine.start()
    this.#output.flush()
  }

  get peer(): Peer {
    return this.#transport.peer
  }

  /** Requests under way, and tunnels. */
  get active(): number {
    return this.machine.streams.size
  }

  /** How many requests may begin now. */
  get available(): number {
    if (this.#isLeaving || this.#isOver || this.#isProbed) return 0
    const { peer, streams } = this.machine
    if (streams.lastOut >= lastStream) return 0
    const { maxConcurrentStreams } = peer
    return Math.max(0, Math.min(maxConcurrentStreams, presumedStreams) - this.active)
  }

  /** Whether no more requests can ever begin. */
  get isLeaving(): boolean {
    return this.#isLeaving || this.#isOver
  }

  /** Whether the server accepts extended CONNECT (RFC 8441 §3); undefined until it has announced that. */
  get canConnect(): boolean | undefined {
    return this.#hasSettings ? this.machine.peer.enableConnectProtocol : undefined
  }

  /**
   * Begins a request.
   * @param fields pseudo-fields first, names in lower case, values with one character per byte.
   * @param ends whether it has no content.
   * @throws RangeError when the connection has no streams left.
   */
  request(
    fields: readonly (readonly [name: string, value: string])[],
    ends: boolean,
    sink: ResponseSink,
  ): ClientStream {
    const stream = new ClientStream(this, this.machine.request(fields, ends), sink)
    this.#output.scheduleFlush()
    return stream
  }

  /** Asks whether the server is still there: no request begins until anything arrives. */
  probe(): void {
    if (this.#isProbed || this.#isOver) return
    this.#isProbed = true
    this.machine.out.ping(question, 0, 0)
    this.#output.scheduleFlush()
  }

  /** Whether the server was asked, and nothing has arrived since. */
  get isProbed(): boolean {
    return this.#isProbed
  }

  /** Time has passed: what the server cost is gradually forgiven. */
  tick(milliseconds: number): void {
    this.machine.ledger.refill(milliseconds)
  }

  /** Begins no more requests; the connection ends with the last one under way. */
  close(): void {
    if (this.#isLeaving || this.#isOver) return
    this.#isLeaving = true
    this.machine.goaway(0, ErrorCode.NoError)
    this.#output.scheduleFlush()
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#end(lost('given up'))
    this.#transport.destroy()
  }

  // ── called by streams ──────────────────────────────────────────────────────────────────────────────────────────

  /** @internal */
  ready(stream: Http2Stream): void {
    this.#output.ready(stream)
  }

  scheduleFlush(): void {
    this.#output.scheduleFlush()
  }

  ended(): void {
    this.#output.scheduleFlush()
    this.#owner.onChange()
  }

  // ── events of the transport ────────────────────────────────────────────────────────────────────────────────────

  onData(chunk: Uint8Array): void {
    if (this.#isOver) return
    this.#isProbed = false
    const { machine } = this
    this.#output.hold()
    for (let event, p = 0; (event = machine.next(chunk, p, chunk.length)) !== MachineEvent.More; p = machine.pos) {
      this.#take(event, chunk)
      if (this.#isOver as boolean) return
    }
    this.#output.flush()
    this.#owner.onChange()
  }

  onDrain(): void {
    this.#output.drained()
    this.#output.flush()
  }

  onEnd(): void {
    this.#end(lost('ended by the server'))
    this.#transport.end()
  }

  onClose(error?: Error): void {
    this.#end(lost(error?.message ?? 'closed'))
    this.#output.close(false)
    this.#owner.onClose(error)
  }

  #take(event: MachineEvent, chunk: Uint8Array): void {
    const { machine } = this
    const stream = machine.stream && (machine.stream.owner as ClientStream | undefined)
    switch (event) {
      case MachineEvent.Head:
        return stream?.onHead(machine.stream!.head as Http2Response)
      case MachineEvent.Content: {
        const { dataStart, dataEnd } = machine
        return stream?.onData(chunk.subarray(dataStart, dataEnd))
      }
      case MachineEvent.End:
        return stream?.onEnd(machine.trailers)
      case MachineEvent.Window:
        return this.#onWindow(machine.stream)
      case MachineEvent.Settings:
        this.#hasSettings = true
        return this.#onWindow(undefined)
      case MachineEvent.Reset:
        return stream?.onFail(this.#resetOf())
      case MachineEvent.Goaway:
        return this.#onGoaway()
      case MachineEvent.Fault:
        this.#output.close(true)
        this.#end(malformed(machine.fault!))
        return this.#transport.end()
      default:
    }
  }

  #resetOf(): StreamFailure {
    const { fault, error, refusal } = this.machine
    if (fault !== undefined) return malformed(refusal ?? fault)
    const isUntouched = error === ErrorCode.RefusedStream
    return { message: `reset by the server, with ${nameOf(error)}`, isUntouched, isMalformed: false }
  }

  #onWindow(stream: Http2Stream | undefined): void {
    const { order, streams } = this.machine
    if (stream !== undefined) {
      if ((stream.owner as ClientStream).isWaiting) order.add(stream)
    } else for (const each of streams) if ((each.owner as ClientStream).isWaiting) order.add(each)
  }

  /** Streams above the last one that will be answered were not begun (RFC 9113 §6.8). */
  #onGoaway(): void {
    this.#isLeaving = true
    const { streams, lastAnswered } = this.machine
    for (const stream of streams) {
      if (stream.id <= lastAnswered) continue
      ;(stream.owner as ClientStream).onFail(notBegun)
      this.machine.reset(stream, ErrorCode.Cancel)
    }
  }

  /** Called after everything that may have been the last action. */
  flushed(): void {
    if (this.#isLeaving && !this.#isOver && this.active === 0) {
      this.#isOver = true
      this.#transport.end()
    }
  }

  /** Tells all streams that nothing more will come. */
  #end(failure: StreamFailure): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const stream of this.machine.streams) (stream.owner as ClientStream).onFail(failure)
  }
}

const notBegun: StreamFailure = { message: 'the server ends the connection', isUntouched: true, isMalformed: false }

function malformed(code: string): StreamFailure {
  return { message: `malformed: ${code}`, isUntouched: false, isMalformed: true }
}

function lost(message: string): StreamFailure {
  return { message, isUntouched: false, isMalformed: false }
}

/** The content of our PING. */
const question: Uint8Array = Buffer.from('anybody?')

function nameOf(error: ErrorCode): string {
  return Object.entries(ErrorCode).find(([, code]) => code === error)?.[0] ?? String(error)
}
