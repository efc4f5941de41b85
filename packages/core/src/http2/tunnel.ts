import { ErrorCode, type Http2Machine, type Http2Stream } from '@spillway/parser/http2'
import { Tunnel } from '../exchange/tunnel.ts'
import type { Peer, Transport } from '../transport/transport.ts'
import { Outgoing, type OutgoingOwner } from './outgoing.ts'

/** Bytes that wait before the owner of a tunnel should pause. */
const highWater = 64 * 1024

/** What a tunnel needs of its connection. */
interface TunnelOwner extends OutgoingOwner {
  readonly machine: Http2Machine
  readonly peer: Peer
  scheduleFlush(): void
}

/**
 * A stream as a transport of its own, for whoever took it over: CONNECT (RFC 9113 §8.5), or the protocol of an extended one
 * (RFC 8441). The end of the stream is its FIN, RST_STREAM its reset.
 */
export class StreamTunnel implements Transport {
  /** What the new owner holds; it waits for whoever attaches late. */
  readonly view: Tunnel
  readonly outgoing: Outgoing
  readonly #owner: TunnelOwner
  readonly #stream: Http2Stream
  readonly #onClose: () => void
  #isPaused = false
  #isClosed = false
  /** What came while it was paused; `null` is the end. */
  #held: (Uint8Array | null)[] = []
  #flushed: ((ok: boolean) => void)[] = []

  /**
   * @param onClose called back once, when neither side has anything left to say.
   * @param failed told when the new owner throws; it ends the stream.
   */
  constructor(owner: TunnelOwner, stream: Http2Stream, onClose: () => void, failed: (error: unknown) => void) {
    this.#owner = owner
    this.#stream = stream
    this.#onClose = onClose
    this.outgoing = new Outgoing(owner.machine, stream, owner)
    this.view = new Tunnel(this, failed)
  }

  get peer(): Peer {
    return this.#owner.peer
  }

  get bufferedBytes(): number {
    return this.outgoing.length
  }

  /** Who attaches does so to the view. */
  attach(): void {}

  write(chunk: string | Uint8Array): boolean {
    if (!this.#stream.openOut) return false
    const { outgoing } = this
    if (typeof chunk === 'string') outgoing.append(chunk)
    else outgoing.appendBytes(chunk)
    outgoing.commit()
    if (outgoing.length < highWater) return true
    outgoing.whenEmpty ??= () => queueMicrotask(() => this.#drained())
    return false
  }

  /** What is written in one turn leaves together in any case. */
  cork(): void {}
  uncork(): void {}

  flushed(done: (ok: boolean) => void): void {
    if (this.outgoing.length === 0) return done(!this.#isClosed)
    this.#flushed.push(done)
    this.outgoing.whenEmpty ??= () => queueMicrotask(() => this.#drained())
  }

  #drained(): void {
    for (const done of this.#flushed.splice(0)) done(!this.#isClosed)
    if (!this.#isClosed) this.view.onDrain()
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    while (!this.#isPaused && this.#held.length > 0) this.#deliver(this.#held.shift()!)
    this.#owner.scheduleFlush()
  }

  end(): void {
    this.outgoing.finish()
  }

  destroy(): void {
    this.#owner.machine.reset(this.#stream, ErrorCode.Cancel)
    this.#owner.scheduleFlush()
    this.close()
  }

  reset(): void {
    this.destroy()
  }

  /** Bytes came in, to keep; or the end, as `null`. */
  receive(bytes: Uint8Array | null): void {
    if (this.#isPaused || this.#held.length > 0) this.#held.push(bytes)
    else this.#deliver(bytes)
  }

  #deliver(bytes: Uint8Array | null): void {
    if (bytes === null) {
      this.view.onEnd()
      if (!this.#stream.openOut) this.close()
      return
    }
    this.#owner.machine.release(this.#stream, bytes.length)
    this.view.onData(bytes, true)
  }

  /** The stream is no more, or the connection under it. */
  close(error?: Error): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const bytes of this.#held) if (bytes) this.#owner.machine.release(undefined, bytes.length)
    this.#held = []
    this.outgoing.stop(error)
    this.#onClose()
    queueMicrotask(() => this.view.onClose(error))
  }
}
