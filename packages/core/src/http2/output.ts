// What a connection of HTTP/2 has to write, and which stream comes next.
import { ErrorCode, FrameBuffer, type Http2Machine, type Http2Stream } from '@spillway/parser/http2'
import { decodeLatin1 } from '../transport/bytes.ts'
import type { Transport } from '../transport/transport.ts'

/** Bytes that are put together for one write; an urgent reply waits behind no more than this and what is on its way. */
const mostBytes = 64 * 1024
/** Bytes on their way to the operating system beyond which no content is put out. */
const mostPending = 64 * 1024
/** Up to here text is written faster than bytes, and the memory of the frames can be used again at once. */
const textBytes = 8 * 1024
/** Writes in a row, for a client that takes all there is, before others have their turn. */
const writesPerTurn = 8

/** Whoever has something to send on a stream; it is the stream's owner. */
export interface StreamSender {
  /** Puts one frame out; false when nothing more can go now. */
  move(): boolean
}

/** What was sent as a whole. */
export interface Finished {
  /** Whether somebody waits to hear that it has left. */
  readonly observed: boolean
  /** @param ok whether it has left. */
  sent(ok: boolean): void
}

/** Who is told that everything that was ready is written. */
export interface OutputOwner {
  flushed(): void
}

/** What leaves on one connection: everything that becomes ready in one turn leaves in one write. */
export class Http2Output {
  /** Bytes written so far. */
  total: number = 0
  readonly #machine: Http2Machine
  readonly #transport: Transport
  readonly #owner: OutputOwner
  #isScheduled = false
  #isClosed = false
  /** The transport asked to wait. */
  #isCongested = false
  /** Streams whose content nobody reads. */
  #refused: Http2Stream[] = []
  /** Messages that are written, while someone waits to hear that their bytes have left. */
  #finishing: Finished[] | undefined
  /** Of these, how many are on their way to the operating system. */
  #leaving = 0
  /** Memory that was written, and that the transport may not have let go of. */
  #lent: Uint8Array[] = []

  constructor(machine: Http2Machine, transport: Transport, owner: OutputOwner) {
    this.#machine = machine
    this.#transport = transport
    this.#owner = owner
  }

  /** Bytes that were put out and have not reached the operating system. */
  get pending(): number {
    return this.#machine.out.length + this.#transport.bufferedBytes
  }

  /** Whether content may go out at once: no other is in front of it. */
  get isFree(): boolean {
    return this.#machine.order.size === 0 && !this.#isCongested && this.#machine.out.length < mostBytes
  }

  /** Whether someone still waits to hear that a reply has left. */
  get finishing(): boolean {
    return this.#finishing !== undefined || this.#leaving > 0
  }

  ready(stream: Http2Stream): void {
    this.#machine.order.add(stream)
    this.scheduleFlush()
  }

  /**
   * Content that nobody reads need not be sent (RFC 9113 §8.1), if it has not ended by then. Not in the write of the reply:
   * Node's client leaves a reset unread that comes together with content, and waits.
   */
  refuseContent(stream: Http2Stream): void {
    if (this.#refused.push(stream) === 1) setImmediate(refuseAll, this)
  }

  refuse(): void {
    if (this.#isClosed) return
    for (const stream of this.#refused.splice(0)) this.#machine.reset(stream, ErrorCode.NoError)
    this.scheduleFlush()
  }

  /** The last byte of a reply is put out. */
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

  /** Within a turn of the transport, which ends with {@link flush}, nothing has to be scheduled. */
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

  /** Puts content out, as long as windows are open and it would not have to wait. */
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
    // A large write is "too much" for the transport even when the operating system has taken it at once.
    this.#isCongested = !ready && this.#transport.bufferedBytes > 0
    this.#takeBack()
  }

  /** What has left the transport is free again: to make new memory for each write would cost more than all the rest of it. */
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

  /** The transport takes bytes again. */
  drained(): void {
    this.#isCongested = false
    this.#takeBack()
  }

  /** Nothing more is sent but what was put out. @param canWrite whether that can still be sent. */
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
