// Node.js sockets as transports; they read into one buffer that is lent.
import { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { plainAddress } from '../transport/addresses.ts'
import type { Peer, Transport, TransportSink } from '../transport/transport.ts'
import { unacknowledged } from './unacknowledged.ts'

/** A socket with its transport: the listeners below are shared by all sockets and find it here, so that no closures are needed. */
type Attached = Socket & { [transport]: NodeTransport }
const transport: unique symbol = Symbol('transport')

/** A TCP or TLS socket as {@link Transport}. */
export class NodeTransport implements Transport {
  readonly #socket: Socket
  readonly #peer: Peer | undefined
  /** @internal */
  sink: TransportSink | undefined = undefined
  /** @internal Whether somebody else reads the socket. */
  isReleased: boolean = false
  /** @internal The socket's error; Node emits it before `close`. */
  error: Error | undefined = undefined

  /** @param peer what a handshake has found out. Default: what the socket knows. */
  constructor(socket: Socket, peer?: Peer) {
    this.#socket = socket
    this.#peer = peer
    ;(socket as Attached)[transport] = this
    if (!(socket instanceof LendingSocket || lendTls(socket))) socket.on('data', onData)
    socket.on('drain', onDrain)
    socket.on('end', onEnd)
    socket.on('error', onError)
    socket.on('close', onClose)
  }

  get peer(): Peer {
    return this.#peer ?? socketPeer(this.#socket)
  }

  get bufferedBytes(): number {
    const { writableLength } = this.#socket
    return writableLength === 0 ? 0 : unsent(this.#socket, writableLength)
  }

  unacknowledged(age: number): number | undefined {
    const { _handle: handle } = this.#socket as unknown as Inner
    return handle?.fd === undefined ? undefined : unacknowledged(handle.fd, age)
  }

  attach(sink: TransportSink): void {
    this.sink = sink
  }

  write(chunk: string | Uint8Array): boolean {
    return typeof chunk === 'string' ? this.#socket.write(chunk, 'latin1') : this.#socket.write(chunk)
  }

  cork(): void {
    this.#socket.cork()
  }

  uncork(): void {
    this.#socket.uncork()
  }

  flushed(done: (ok: boolean) => void): void {
    if (this.#socket.writableLength === 0) done(!this.#socket.destroyed)
    else this.#socket.write('', (error) => done(!error))
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /**
   * The socket, which from now on is an ordinary stream: incoming bytes are read from it. Only its end is still watched,
   * and an error that nobody else listens for does not end the process.
   */
  release(): Socket {
    const socket = this.#socket
    this.isReleased = true
    socket.off('data', onData).off('drain', onDrain).off('end', onEnd)
    // Like a stream that nobody has read from: it begins to flow when its new owner listens, or reads.
    ;(socket as { readableFlowing: boolean | null }).readableFlowing = null
    return socket
  }

  reset(): void {
    // Only a bare TCP socket can be reset; a TLS peer sees the missing close_notify instead.
    if ((this.#socket as Partial<TLSSocket>).encrypted || this.#socket.remotePort === undefined) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }
}

// decision 034
const readBytes = 64 * 1024

/** Incoming bytes of any socket, until they have been processed: before the next read of whichever socket. */
const lent = new Uint8Array(readBytes)

/** The buffer for the next read of the socket that was read last; undefined to use the same one again. */
let following: Uint8Array | undefined = lent

/** Node asks behind each read, and when a socket is opened. */
function nextBuffer(): Uint8Array {
  const next = following as Uint8Array
  following = lent
  return next
}

/** Buffers that were given away and have come back, for the next sockets that bring much. */
const returned: Uint8Array[] = []
const mostReturned = 32

// decision 084
/**
 * Takes back content that a {@link NodeTransport} gave away as `keepable` and that nobody uses any more, so that the next reads need no new
 * memory. Only the last piece of a full buffer is taken, because the pieces in front of it have been used before it; the others are
 * left to the garbage collector.
 */
export function giveBack(bytes: Uint8Array): void {
  const { buffer } = bytes
  if (buffer.byteLength !== readBytes || bytes.byteOffset + bytes.length !== readBytes) return
  if (returned.length < mostReturned) returned.push(new Uint8Array(buffer))
}

function onRead(this: Socket, length: number, buffer: Uint8Array): boolean {
  const isMuch = length > readBytes / 2
  const keepable = isMuch && buffer !== lent
  const own = (this as Attached)[transport]
  if (own.isReleased) return this.push(Buffer.from(buffer.subarray(0, length)))
  own.sink?.onData(buffer.subarray(0, length), keepable)
  // A client that sends much will send more. A buffer of its own can be passed on, which saves a copy.
  if (isMuch) following = returned.pop() ?? Buffer.allocUnsafeSlow(readBytes)
  else if (buffer === lent) following = undefined
  else {
    following = lent
    giveBack(buffer)
  }
  return true
}

const reading = { buffer: nextBuffer, callback: onRead }

/** A socket that reads into {@link lent}, as long as little arrives. */
class LendingSocket extends Socket {
  /** @param handle of an accepted connection; without one it is to connect. @param highWaterMark bytes. Default: Node's. */
  constructor(handle?: object, highWaterMark?: number) {
    // `handle` is what a server passes to the sockets it accepts; it is missing from the types.
    const options = { allowHalfOpen: true, readable: true, writable: true, onread: reading }
    const of = handle ? { ...options, handle, highWaterMark } : { ...options, noDelay: true }
    super(of)
  }
}

// decision 091
/** A socket that is to connect, half-open and without delay; before the first bytes come it needs a {@link NodeTransport}. */
export function clientSocket(): Socket {
  return isOther ? new Socket({ allowHalfOpen: true }) : new LendingSocket()
}

/**
 * The same connection, read with less work. Node allocates 64 KiB for each read and passes it through a stream, unless `onread`
 * gives it a buffer. Only the constructor of a socket accepts that, so the handle of an accepted socket moves to a new one.
 * Other runtimes have other handles: their sockets are left as they are.
 */
export function lending(socket: Socket): Socket {
  const accepted = socket as { _handle?: { useUserBuffer?: unknown } | null }
  const { _handle: handle } = accepted
  if (isOther || typeof handle?.useUserBuffer !== 'function') return socket
  // oxlint-disable-next-line no-underscore-dangle -- Node's name
  accepted._handle = null
  return new LendingSocket(handle, socket.readableHighWaterMark)
}

/**
 * Makes a TLS socket read in the same way. It cannot be created again, because its handshake is over; but it has the properties in
 * which Node stores what `onread` was given, and a handle that can be told. False where these are not as in Node.
 */
// decision 070
function lendTls(socket: Socket): boolean {
  const { _handle: handle } = socket as { _handle?: { useUserBuffer?: (buffer: Uint8Array) => void } | null }
  if (isOther || !(socket as Partial<TLSSocket>).encrypted || typeof handle?.useUserBuffer !== 'function') return false
  // What has already been read belongs to others.
  if (socket.readableLength > 0 || socket.readableFlowing !== null) return false
  const own = Object.getOwnPropertySymbols(socket)
  const [buffer, callback, next] = ['kBuffer', 'kBufferCb', 'kBufferGen'].map((name) =>
    own.find(({ description }) => description === name),
  )
  if (!buffer || !callback || !next) return false
  Object.assign(socket, { [buffer]: lent, [callback]: onRead, [next]: nextBuffer })
  handle.useUserBuffer(lent)
  return true
}

/** The transport of a socket that was just accepted, and from which nothing has been read. */
export function acceptedTransport(socket: Socket): NodeTransport {
  return new NodeTransport(lending(socket))
}

/** Deno has Node's names. */
const isOther = 'Deno' in globalThis || 'Bun' in globalThis

/**
 * Of the bytes waiting in a socket, those that the operating system has not taken. The stream counts a whole write as waiting until all
 * of it has been sent, while a slow client takes a large one in many pieces: the handle knows how much of it is left.
 */
function unsent(socket: Socket, waiting: number): number {
  const { _handle: handle, _writableState: state } = socket as unknown as Inner
  const left = handle?.writeQueueSize
  if (left === undefined || state?.writelen === undefined) return waiting
  return waiting - state.writelen + Math.min(left, state.writelen)
}

/** Node's internal state of a write that is under way. */
interface Inner {
  readonly _handle?: { readonly writeQueueSize?: number; readonly fd?: number } | null
  readonly _writableState?: { readonly writelen?: number }
}

function onData(this: Socket, chunk: Uint8Array): void {
  ;(this as Attached)[transport].sink?.onData(chunk, true)
}

function onDrain(this: Socket): void {
  ;(this as Attached)[transport].sink?.onDrain()
}

function onEnd(this: Socket): void {
  ;(this as Attached)[transport].sink?.onEnd()
}

function onError(this: Socket, error: Error): void {
  ;(this as Attached)[transport].error = error
}

function onClose(this: Socket): void {
  const self = (this as Attached)[transport]
  self.sink?.onClose(self.error)
}

/** The other end of a plain socket. */
export function socketPeer({ remoteAddress, remotePort }: Socket): Peer {
  return { address: plainAddress(remoteAddress ?? ''), port: remotePort ?? 0, secure: false }
}
