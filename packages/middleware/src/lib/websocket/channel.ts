// Messages over a connection: frames in both directions, and closing in order.
import type { AsyncResource } from 'node:async_hooks'
import { Output, type Transport, type TransportSink } from '@spillway/core'
import {
  CloseCode,
  FIN,
  FrameEvent,
  MessageReader,
  Opcode,
  RSV1,
  closeContent,
  frameHead,
  maskedFrame,
  webSocketFailures,
} from '@spillway/parser/websocket'
import { deflate, inflate } from './deflate.ts'
import type { PreparedMessage } from './prepared.ts'
import { randomKey } from './random-key.ts'

/** What a {@link Channel} tells its owner. */
export interface ChannelOwner {
  /** A whole message. The owner may keep the bytes. Return false for no more messages until `resume`. */
  onMessage(data: string | Uint8Array): boolean
  onPing(): void
  /** Bytes have arrived and are about to be read. */
  onHeard(): void
  /** The peer has sent a Close; the channel waits for `answerClose`. */
  onPeerClose(): void
  /** The peer has ended its side, or sent something that failed the connection: nothing more can be sent. */
  onLost(): void
  onDrain(): void
  onShutdown(): void
  /** The transport is gone. */
  onGone(): void
}

/** What both sides have agreed on, and the limits. */
export interface ChannelOptions {
  readonly role: 'client' | 'server'
  /** Largest message, after inflation. */
  readonly messageBytes: number
  /** The largest compression window; undefined: nothing is compressed, in either direction. */
  readonly windowBits: number | undefined
  readonly maxInflation: number
}

/** Within a turn, this many bytes are collected before they are written. */
const fullOutput = 64 * 1024
/** Up to this size, bytes are copied out of the chunk in which they arrived. */
const copiedBytes = 8 * 1024

/** Node's native decoders, which are faster than portable ones, and accept any bytes. */
const { latin1Slice, utf8Slice } = Buffer.prototype
const decodeLatin1 = (bytes: Uint8Array, start: number, end: number): string => latin1Slice.call(bytes, start, end)
const decodeUtf8 = (bytes: Uint8Array, start: number, end: number): string => utf8Slice.call(bytes, start, end)

/**
 * Frames on a transport, in both directions: it gives out whole messages, and what is sent in one turn leaves in one write. It knows how
 * a connection is closed and failed (RFC 6455 §7), but nothing of time: deadlines are its owner's.
 */
export class Channel implements TransportSink {
  readonly borrows: boolean = true
  /** The code and the reason with which the connection ends: the peer's, or ours when it failed or the peer has given none. */
  closeCode: number = CloseCode.Lost
  closeReason: string = ''
  /** The transport has asked to wait, until `onDrain`. */
  get congested(): boolean {
    return this.#output?.congested ?? false
  }

  readonly #options: ChannelOptions
  readonly #owner: ChannelOwner
  readonly #scope: AsyncResource | undefined
  readonly #reader: MessageReader
  #transport: Transport | undefined
  #output: Output | undefined
  #scheduled = false
  #reading = false
  /** The owner wants no more messages for now. */
  #paused = false
  /** Bytes that arrived but were not read, because the owner wanted no more. */
  #rest: Uint8Array | undefined
  /** A Close was sent, or can no longer be sent: nothing may follow. */
  #closed = false
  /** A Close has arrived, or incoming bytes are ignored for another reason. */
  #deaf = false

  /** @param scope the async context in which the owner is called; undefined when the transport already calls in it. */
  constructor(options: ChannelOptions, owner: ChannelOwner, scope: AsyncResource | undefined) {
    const { role, messageBytes, windowBits, maxInflation: inflation } = options
    this.#options = options
    this.#owner = owner
    this.#scope = scope
    this.#reader = new MessageReader({
      from: role === 'server' ? 'client' : 'server',
      messageBytes,
      inflation,
      inflate: windowBits === undefined ? undefined : inflate,
      decodeLatin1,
      decodeUtf8,
    })
  }

  /** Whether messages can be sent. */
  get open(): boolean {
    return !this.#closed
  }

  /** Whether reading has stopped until the owner takes messages again. */
  get paused(): boolean {
    return this.#paused
  }

  /** Bytes that have reached the operating system. */
  get taken(): number {
    return (this.#output?.total ?? 0) - (this.#transport?.bufferedBytes ?? 0)
  }

  /** Bytes that are waiting to be sent. */
  get unsent(): number {
    return (this.#output?.length ?? 0) + (this.#transport?.bufferedBytes ?? 0)
  }

  /** Bytes held, except those held by the transport. */
  get buffered(): number {
    return this.#reader.buffered + (this.#rest?.length ?? 0) + (this.#output?.length ?? 0)
  }

  /** Starts on a transport; pass bytes that have already arrived to `onData`. */
  connect(transport: Transport): void {
    this.#transport = transport
    this.#output = new Output(transport)
    transport.attach(this)
  }

  // ── sending ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Sends a message. Its bytes must not change until they have been sent. */
  send(data: string | Uint8Array): void {
    if (this.#closed) return
    const { role, windowBits } = this.#options
    const isText = typeof data === 'string'
    const first = FIN | (isText ? Opcode.Text : Opcode.Binary)
    if (isText && windowBits === undefined && role === 'server' && Buffer.byteLength(data) === data.length) {
      // All of it is ASCII, so it can stay a string.
      this.#output!.append(frameHead(first, data.length))
      this.#output!.append(data)
      return this.#sent()
    }
    const content = isText ? Buffer.from(data) : data
    const packed = windowBits === undefined ? undefined : deflate(content, windowBits)
    this.#frame(packed ? first | RSV1 : first, packed ?? content)
  }

  /** Sends a message that goes to many receivers. */
  deliver(message: PreparedMessage): void {
    if (this.#closed) return
    this.#output!.append(message.frame(this.#options.windowBits))
    this.#sent()
  }

  ping(): void {
    if (!this.#closed) this.#frame(FIN | Opcode.Ping, nothing)
  }

  /** Begins to close, after what was already sent. @throws RangeError for a code that must not be sent, or a reason that is too long. */
  close(code: number, reason: string): void {
    const content = closeContent(code, reason)
    if (this.#closed) return
    this.#frame(FIN | Opcode.Close, content)
    this.#closed = true
    this.#flush()
  }

  /** Answers the peer's Close with the same code, and ends our side. */
  answerClose(): void {
    if (!this.#closed) this.close(this.closeCode, this.closeReason)
    this.#end()
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#closed = this.#deaf = true
    this.#transport?.destroy()
  }

  #frame(first: number, content: Uint8Array): void {
    const output = this.#output!
    if (this.#options.role === 'client') output.appendBytes(maskedFrame(first, content, randomKey()))
    else {
      output.append(frameHead(first, content.length))
      output.appendBytes(content)
    }
    this.#sent()
  }

  #sent(): void {
    if (this.#output!.length >= fullOutput) this.#flush()
    else if (!this.#reading && !this.#scheduled) {
      this.#scheduled = true
      schedule(this)
    }
  }

  /** @internal */
  flushScheduled(): void {
    this.#scheduled = false
    this.#flush()
  }

  #flush(): void {
    if (this.#transport && this.#output!.length > 0) this.#output!.flush()
  }

  #end(): void {
    this.#flush()
    this.#closed = this.#deaf = true
    this.#transport?.end()
    // A peer that still sends must not fill a buffer that nobody empties.
    this.#transport?.resume()
  }

  // ── what happens on the transport ──────────────────────────────────────────────────────────────────────────────

  onData(chunk: Uint8Array, keepable: boolean): void {
    if (this.#scope) this.#scope.runInAsyncScope(() => this.#take(chunk, keepable))
    else this.#take(chunk, keepable)
  }

  onDrain(): void {
    if (this.#output) this.#output.congested = false
    this.#tell(() => this.#owner.onDrain())
  }

  onEnd(): void {
    this.#tell(() => this.#ended())
  }

  onClose(): void {
    this.#transport = undefined
    this.#closed = this.#deaf = true
    this.#rest = undefined
    this.#tell(() => this.#owner.onGone())
  }

  onShutdown(): void {
    this.#tell(() => this.#owner.onShutdown())
  }

  #tell(event: () => void): void {
    if (this.#scope) this.#scope.runInAsyncScope(event)
    else event()
  }

  #take(chunk: Uint8Array, keepable: boolean): void {
    if (this.#deaf || chunk.length === 0) return
    this.#owner.onHeard()
    if (!this.#paused) this.#read(chunk, keepable)
    // It was already on its way when reading was paused.
    else this.#keep(chunk, keepable)
  }

  #ended(): void {
    // After a Close this is the normal end; without one the peer is lost.
    if (!this.#deaf) this.#lose()
    this.#end()
  }

  /** Nothing more can be sent. */
  #lose(): void {
    this.#closed = this.#deaf = true
    this.#rest = undefined
    this.#owner.onLost()
  }

  // ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The owner takes messages again. */
  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    const rest = this.#rest
    this.#rest = undefined
    if (rest) this.#read(rest, true)
    if (!this.#paused) this.#transport?.resume()
  }

  #read(chunk: Uint8Array, keepable: boolean): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    this.#reading = true
    let at = 0
    while (at >= 0 && !this.#deaf && !this.#paused) at = this.#next(bytes, at, keepable)
    this.#reading = false
    if (this.#paused && at >= 0 && at < bytes.length) this.#keep(bytes.subarray(at), keepable)
    this.#flush()
  }

  /** Reads on at `at`, and returns where to continue; -1 when more bytes are needed. */
  #next(bytes: Buffer, at: number, keepable: boolean): number {
    const reader = this.#reader
    const event = reader.next(bytes, at, bytes.length)
    switch (event) {
      case FrameEvent.NeedMore:
        return -1
      case FrameEvent.Data: {
        const { message } = reader
        const taken = this.#owner.onMessage(typeof message === 'string' ? message : this.#given(message, keepable))
        if (!taken) this.#pause()
        return reader.pos
      }
      case FrameEvent.Ping: {
        const { data, dataStart, dataEnd } = reader.frames
        this.#owner.onPing()
        if (!this.#closed) this.#frame(FIN | Opcode.Pong, data.subarray(dataStart, dataEnd))
        return reader.pos
      }
      case FrameEvent.Pong:
        return reader.pos
      case FrameEvent.Close:
        this.#peerClosed()
        return reader.pos
      default:
        this.#fail()
        return reader.pos
    }
  }

  /** Bytes that the owner may keep: a small message must not hold on to the chunk in which it arrived. */
  #given(message: Uint8Array, keepable: boolean): Buffer {
    const isOurs = this.#reader.ownsMessage || (keepable && message.length > copiedBytes)
    return isOurs ? Buffer.from(message.buffer, message.byteOffset, message.length) : Buffer.from(message)
  }

  #pause(): void {
    this.#paused = true
    this.#transport?.pause()
  }

  #keep(chunk: Uint8Array, keepable: boolean): void {
    const before = this.#rest ?? nothing
    this.#rest = before.length === 0 && keepable ? chunk : Buffer.concat([before, chunk])
  }

  #peerClosed(): void {
    const { data, dataStart, dataEnd, closeCode } = this.#reader.frames
    this.#deaf = true
    this.closeCode = closeCode
    this.closeReason = decodeUtf8(data, dataStart, dataEnd)
    if (this.#closed) this.#end()
    else this.#owner.onPeerClose()
  }

  /** The input is invalid: says why, and ends (RFC 6455 §7.1.7). */
  #fail(): void {
    const { closeCode, message } = webSocketFailures[this.#reader.error!]
    if (!this.#closed) {
      this.closeCode = closeCode
      this.closeReason = message
      this.close(closeCode, message)
    }
    this.#lose()
    this.#end()
  }
}

const nothing = new Uint8Array(0)

/** Channels that have something to write at the end of this turn: publishing reaches thousands of them at once. */
let scheduled: Channel[] = []

function schedule(channel: Channel): void {
  if (scheduled.push(channel) === 1) process.nextTick(flushAll)
}

function flushAll(): void {
  const channels = scheduled
  scheduled = []
  for (const channel of channels) channel.flushScheduled()
}
