// Lets the listeners of a socket hear what core reads from it.
import type { Server, Socket } from 'node:net'
import { guarded, printError } from '@spillway/core'
import { NodeTransport } from '@spillway/core/sockets'
import { endOfInput, tellClientError } from './client-errors.ts'
import type { SocketPeer } from './socket.ts'

type Sink = NonNullable<NodeTransport['sink']>

/** The transport of a socket that an application sees as well. */
export class HeardTransport extends NodeTransport {
  readonly #of: SocketPeer
  readonly #isSilent: boolean

  constructor(socket: Socket, of: SocketPeer) {
    const before = socket.listenerCount('data')
    super(socket, of)
    // Core reads most sockets without their stream, which therefore emits nothing.
    this.#isSilent = socket.listenerCount('data') === before
    this.#of = of
  }

  override attach(sink: Sink): void {
    super.attach(new Hearing(sink, this.#of, this.#isSilent))
  }
}

/** Passes everything on to core. */
class Hearing implements Sink {
  readonly #sink: Sink
  readonly #of: SocketPeer
  readonly #isSilent: boolean

  constructor(sink: Sink, of: SocketPeer, isSilent: boolean) {
    this.#sink = sink
    this.#of = of
    this.#isSilent = isSilent
  }

  onData(chunk: Uint8Array, keepable: boolean): void {
    const of = this.#of
    if (this.#isSilent && of.socket.listenerCount('data') > 0) this.#emit(chunk)
    of.arriving = chunk
    this.#sink.onData(chunk, keepable)
    of.arriving = undefined
  }

  #emit(chunk: Uint8Array): void {
    // Core's bytes are lent, and may be changed.
    guarded(
      () => this.#of.socket.emit('data', Buffer.from(chunk)),
      (error) => printError('a listener of data', error),
    )
  }

  onDrain(): void {
    this.#sink.onDrain()
  }

  onEnd(): void {
    const { socket, isReceiving } = this.#of
    if (isReceiving) tellClientError((socket as unknown as { server: Server }).server, endOfInput(), socket)
    this.#sink.onEnd()
  }

  onClose(error?: Error): void {
    this.#sink.onClose(error)
  }
}
