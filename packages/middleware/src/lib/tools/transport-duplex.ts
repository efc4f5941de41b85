import { Duplex } from 'node:stream'
import type { Transport } from '@spillway/core'

type Done = (error?: Error | null) => void

/** Up to here it is cheaper to copy bytes than to write them as pieces. */
const joinedBytes = 8 * 1024

/**
 * A connection of core as Node's stream, for libraries that expect a socket. Until it is connected, what is written waits.
 */
export class TransportDuplex extends Duplex {
  /** Called when the server begins to shut down. */
  onShutdown: (() => void) | undefined = undefined
  /** Bytes that came in so far. */
  received: number = 0
  #transport: Transport | undefined
  /** What has to be called once more can be written. */
  #waiting: (() => void) | undefined
  #muted: boolean

  /** @param muted whether the first thing written is dropped: the head of a 101, which core writes itself. */
  constructor(muted: boolean = false) {
    // Reading and writing end each on their own, as with a socket.
    super({ allowHalfOpen: true, read, write, writev, final, destroy })
    this.#muted = muted
  }

  /** @param leftover bytes that came before. */
  connect(transport: Transport, leftover: Uint8Array): void {
    if (this.destroyed) return transport.destroy()
    this.#transport = transport
    transport.attach({
      onData: (chunk) => this.#take(chunk),
      onDrain: () => this.#resume(),
      onEnd: () => void this.push(null),
      onClose: (error) => {
        this.#transport = undefined
        this.destroy(error)
      },
      onShutdown: () => this.onShutdown?.(),
    })
    if (leftover.length > 0) this.#take(leftover)
    this.#resume()
  }

  /** @internal Asks for more. */
  pull(): void {
    this.#transport?.resume()
  }

  /** @internal Writes chunks as one. */
  send(chunks: readonly { readonly chunk: Uint8Array }[], done: Done): void {
    const transport = this.#transport
    if (this.#muted) {
      this.#muted = false
      return done()
    }
    if (!transport) {
      this.#waiting = () => this.send(chunks, done)
      return
    }
    if (writeAll(transport, chunks)) done()
    else this.#waiting = done
  }

  /** @internal */
  finish(done: Done): void {
    this.#transport?.end()
    done()
  }

  /** @internal */
  release(error: Error | null, done: Done): void {
    this.#transport?.destroy()
    this.#transport = undefined
    this.#waiting = undefined
    done(error)
  }

  #take(chunk: Uint8Array): void {
    this.received += chunk.length
    if (!this.push(chunk)) this.#transport?.pause()
  }

  #resume(): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.()
  }
}

/** As one. False: wait until more can be written. */
function writeAll(transport: Transport, chunks: readonly { readonly chunk: Uint8Array }[]): boolean {
  if (chunks.length === 1) return transport.write(chunks[0]!.chunk)
  let length = 0
  for (const { chunk } of chunks) length += chunk.length
  if (length <= joinedBytes)
    return transport.write(
      Buffer.concat(
        chunks.map(({ chunk }) => chunk),
        length,
      ),
    )
  transport.cork()
  let ready = true
  for (const { chunk } of chunks) ready = transport.write(chunk)
  transport.uncork()
  return ready
}

// What Node calls.

function read(this: Duplex): void {
  ;(this as TransportDuplex).pull()
}

function write(this: Duplex, chunk: Uint8Array, _encoding: BufferEncoding, done: Done): void {
  ;(this as TransportDuplex).send([{ chunk }], done)
}

function writev(this: Duplex, chunks: { chunk: Uint8Array; encoding: BufferEncoding }[], done: Done): void {
  ;(this as TransportDuplex).send(chunks, done)
}

function final(this: Duplex, done: Done): void {
  ;(this as TransportDuplex).finish(done)
}

function destroy(this: Duplex, error: Error | null, done: Done): void {
  ;(this as TransportDuplex).release(error, done)
}
