import type { Http2Stream } from '@spillway/parser/http2'
import { guarded } from '../exchange/guarded.ts'
import type { TakeOver } from '../exchange/reply.ts'
import { Tunnel } from '../exchange/tunnel.ts'
import type { ServerCore } from '../server/server-core.ts'
import { type StreamOwner, StreamTransport } from './stream-transport.ts'

/** The stream of a CONNECT, before and after somebody takes it over: until then incoming data waits. */
export class StreamTunnel {
  readonly transport: StreamTransport
  /** What the new owner gets; events wait there for an owner that attaches late. */
  readonly view: Tunnel
  isTaken: boolean = false
  readonly #core: ServerCore
  readonly #failed: (error: unknown) => void
  /** When something must have moved, in ticks of the server's clock, 0 for none; and how much had moved when that was set. */
  #silentAt = 0
  #moved = 0

  /** @param failed is told when the new owner throws; it ends the stream. */
  constructor(core: ServerCore, owner: StreamOwner, stream: Http2Stream, failed: (error: unknown) => void) {
    this.#core = core
    this.#failed = failed
    this.transport = new StreamTransport(owner, stream)
    this.view = new Tunnel(this.transport, failed)
    this.transport.attach(this.view)
  }

  /** Bytes that arrived and are waiting, here or with the new owner. Outgoing bytes are counted separately. */
  get held(): number {
    return this.transport.held + this.view.held - this.transport.bufferedBytes
  }

  /** The reply has been sent; from here on the stream belongs to its new owner. */
  begin(takeOver: TakeOver): void {
    this.isTaken = true
    this.#silentAt = this.#core.clock.after(this.#core.timeouts.tunnel)
    guarded(takeOver, this.#failed, this.view, new Uint8Array(0))
  }

  /** Whether nothing has moved in either direction for longer than allowed. */
  isSilent(now: number): boolean {
    if (this.#silentAt === 0 || now < this.#silentAt) return false
    const { moved } = this.transport
    const isSilent = moved === this.#moved
    this.#moved = moved
    this.#silentAt = this.#core.clock.after(this.#core.timeouts.tunnel)
    return isSilent
  }
}
