// What an HTTP/2 connection has to write, and which stream comes next.
import { ErrorCode, FrameBuffer, type Http2Machine, type Http2Stream } from '@spillway/parser/http2'
import { decodeLatin1 } from '../transport/bytes.ts'
import type { Transport } from '../transport/transport.ts'

/** Bytes that are collected for one write; an urgent reply waits behind no more than these and those already on their way. */
const mostBytes = 64 * 1024
/** When more bytes than this are on their way to the operating system, no further content is added. */
const mostPending = 64 * 1024
/** Up to this size, text is written faster than bytes, and the memory of the frames can be reused at once. */
const textBytes = 8 * 1024
/** Consecutive writes for a client that takes everything, before other connections get a turn. */
const writesPerTurn = 8

/** The owner of a stream that has something to send on it. */
export interface StreamSender {
  /** Puts one frame into the output; false when no more can be sent now. */
  move(): boolean
}

/** A message that was sent completely. */
export interface Finished {
  /** Whether somebody wants to know when it has been sent. */
  readonly observed: boolean
  /** @param ok whether it was sent. */
  sent(ok: boolean): void
}

/** Is told when everything that was ready has been written. */
export interface OutputOwner {
  flushed(): void
}

/** The output of one connection: everything that becomes ready in one turn leaves in one write. */
export class Http2Output {
  /** Bytes written so far. */
  total: number = 0
  readonly #machine: Http2Machine
  readonly #transport: Transport
  readonly #owner: OutputOwner
  #isScheduled = false
  #isClosed = false
  /** Whether the transport has asked to wait. */
  #isCongested = false
  /** Streams whose content nobody reads. */
  #refused: Http2Stream[] = []
  /** Messages that have been written, while someone wants to know when their bytes have been sent. */
  #finishing: Finished[] | undefined
  /** How many of these are on their way to the operating system. */
  #leaving = 0
  /** Memory that was written, and that the transport may still be using. */
  #lent: Uint8Array[] = []

  constructor(machine: Http2Machine, transport: Transport, owner: OutputOwner) {
    this.#machine = machine
    this.#transport = transport
    this.#owner = owner
  }

  /** Bytes that were put into the output and have not reached the operating system. */
  get pending(): number {
    return this.#machine.out.length + this.#transport.bufferedBytes
  }

  /** Whether content may be sent at once, because no other is waiting in front of it. */
  get isFree(): boolean {
    return this.#machine.order.size === 0 && !this.#isCongested && this.#machine.out.length < mostBytes
  }

  /** Whether someone is still waiting to hear that a reply has been sent. */
  get finishing(): boolean {
    return this.#finishing !== undefined || this.#leaving > 0
  }

  ready(stream: Http2Stream): void {
    this.#machine.order.add(stream)
    this.scheduleFlush()
  }

  /**
   * Tells the client that it need not send content which nobody reads (RFC 9113 §8.1), unless it has ended by then. Not in the same write
   * as the reply: Node's client overlooks a reset that arrives together with content, and waits.
   */
  refuseContent(stream: Http2Stream): void {
    if (this.#refused.push(stream) === 1) setImmediate(refuseAll, this)
  }

  refuse(): void {
    if (this.#isClosed) return
    for (const stream of this.#refused.splice(0)) this.#machine.reset(stream, ErrorCode.NoError)
    this.scheduleFlush()
  }

  /** The last byte of a reply is in the output. */
  finished(message: Finished): void {
    if (!message.observed) return message.sent(true)
    ;(this.#finishing ??= []).push(message)
    this.scheduleFlush()
  }

  scheduleFlush(): void {
    if (this.#isScheduled || this.#isClosed) return
    this.#isScheduled = true
    process.nextTick(flushScheduled, this)
  }

  /** Within a turn of the transport, which ends with {@link flush}, nothing needs to be scheduled. */
  hold(): void {
    this.#isScheduled = true
  }

  flush(): void {
    this.#isScheduled = false
    if (this.#isClosed) return
    for (let writes = 0; ; writes++) {
      this.#fill()
      if (this.#machine.out.length === 0) break
      this.#write()
      if (this.#isCongested || this.#machine.order.size === 0) break
      if (writes === writesPerTurn) {
        setImmediate(flushScheduled, this)
        break
      }
    }
    if (this.#finishing) this.#tellFinished()
    this.#owner.flushed()
  }

  /** Adds content, as long as windows are open and it would not have to wait. */
  #fill(): void {
    const { order, out } = this.#machine
    if (order.size === 0 || this.#isCongested || this.#transport.bufferedBytes >= mostPending) return
    while (out.length < mostBytes) {
      const stream = order.next()
      if (stream === undefined) return
      if (!(stream.owner as StreamSender).move()) order.remove(stream)
    }
  }

  #write(): void {
    const { out } = this.#machine
    const { length } = out
    this.total += length
    let ready: boolean
    if (length <= textBytes) {
      ready = this.#transport.write(decodeLatin1(out.bytes, 0, length))
      out.clear()
    } else {
      const frames = out.take()
      ready = this.#transport.write(frames)
      this.#lent.push(frames)
    }
    // A large write counts as "too much" for the transport even when the operating system has taken it at once.
    this.#isCongested = !ready && this.#transport.bufferedBytes > 0
    this.#takeBack()
  }

  /** Memory that the transport has finished with can be reused: allocating it for each write would cost more than the rest of the write. */
  #takeBack(): void {
    if (this.#lent.length === 0 || this.#transport.bufferedBytes > 0) return
    for (const frames of this.#lent) FrameBuffer.spare(frames)
    this.#lent = []
  }

  #tellFinished(): void {
    const finishing = this.#finishing!
    this.#finishing = undefined
    this.#leaving += finishing.length
    this.#transport.flushed((ok) => {
      this.#leaving -= finishing.length
      for (const message of finishing) message.sent(ok)
    })
  }

  /** The transport accepts bytes again. */
  drained(): void {
    this.#isCongested = false
    this.#takeBack()
  }

  /** Nothing more is sent except what is in the output. @param canWrite whether that can still be sent. */
  close(canWrite: boolean): void {
    const { order, out } = this.#machine
    for (let stream = order.next(); stream; stream = order.next()) order.remove(stream)
    if (out.length > 0 && canWrite) this.#write()
    else out.clear()
    this.#isClosed = true
    if (this.#finishing) this.#tellFinished()
  }
}

function refuseAll(output: Http2Output): void {
  output.refuse()
}

function flushScheduled(output: Http2Output): void {
  output.flush()
}
