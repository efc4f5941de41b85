import { EventEmitter } from 'node:events'
import { Readable, type ReadableOptions } from 'node:stream'
import type { Context } from '@spillway/core'
import { guardListeners, tellOf } from './listeners.ts'
import { normalizePath } from '../http/path.ts'

/** What middleware asks of a socket. There is none behind it: it only tells. */
export class ConnectSocket extends EventEmitter {
  readonly remoteAddress: string
  readonly remotePort: number
  /** Whether the client's connection is encrypted. */
  readonly encrypted: boolean
  readable = true
  writable = true
  destroyed = false
  readonly #destroy: () => void

  constructor(c: Context, destroy: () => void) {
    super({ captureRejections: true })
    guardListeners(this, (error) => tellOf(c, error))
    this.remoteAddress = c.peer.address
    this.remotePort = c.peer.port
    this.encrypted = c.peer.secure
    this.#destroy = destroy
  }

  /** Ends the reading of the request; the connection is the server's. */
  destroy(): this {
    this.#destroy()
    return this
  }

  /** Deadlines are the server's. */
  setTimeout(): this {
    return this
  }

  /** @internal The exchange did not complete. */
  gone(): void {
    this.readable = false
    this.writable = false
    this.destroyed = true
    this.emit('close')
  }
}

/**
 * The request as connect middleware knows it: what they use of Node's `IncomingMessage`. Reading it reads `c.body`, which
 * stays untouched otherwise. Whatever middleware adds (`session`, `user`, `file`, …) is a property of it.
 */
export class ConnectRequest extends Readable {
  /** Whatever middleware adds. */
  [added: string]: any
  method: string
  /** Path and query, without the prefix of a mount; the path is in the normal form that routes are found by. */
  url: string
  /** Path and query as they came. */
  readonly originalUrl: string
  /** The prefix of a mount. */
  baseUrl: string
  readonly headers: Record<string, string | string[] | undefined>
  readonly httpVersion: string
  readonly httpVersionMajor: number
  readonly httpVersionMinor: number
  readonly socket: ConnectSocket
  readonly connection: ConnectSocket
  /** Whether all of the content was read. */
  complete = false
  /** Whether the client has left, or has ended its side: whether it still reads, the reply will show. */
  aborted = false
  readonly #c: Context
  #content: AsyncIterator<Uint8Array> | undefined
  #watched = false

  constructor(c: Context) {
    super({ highWaterMark: 64 * 1024, captureRejections: true } as ReadableOptions)
    guardListeners(this, (error) => tellOf(c, error))
    this.#c = c
    this.method = c.method
    this.url = urlOf(c)
    this.originalUrl = c.target
    this.baseUrl = c.base
    this.headers = headersOf(c)
    this.httpVersion = c.httpVersion
    this.httpVersionMajor = Number(c.httpVersion[0])
    this.httpVersionMinor = Number(c.httpVersion[2])
    this.socket = new ConnectSocket(c, () => this.destroy())
    this.connection = this.socket
    // Middleware listens to `error` only while it reads.
    this.on('error', ignore)
    c.done((outcome) => {
      if (outcome.kind === 'sent') return
      this.#left()
      this.socket.gone()
    })
  }

  /** Who asks when the client leaves hears of it at once, not only from a reply that fails. */
  override on(name: string | symbol, listener: (...args: any[]) => void): this {
    if (!this.#watched && (name === 'aborted' || name === 'close')) {
      this.#watched = true
      if (this.#c.signal.aborted) this.#left()
      else this.#c.signal.addEventListener('abort', () => this.#left())
    }
    return super.on(name, listener)
  }

  /**
   * Takes the path as it is where the request has come to, below another mount than before.
   * @returns what gives back the path that was.
   */
  enter(c: Context): () => void {
    const { url, baseUrl } = this
    // Where nothing was mounted in between, what middleware has written there stays.
    if (c.base === baseUrl) return ignore
    this.url = urlOf(c)
    this.baseUrl = c.base
    return () => {
      this.url = url
      this.baseUrl = baseUrl
    }
  }

  get rawHeaders(): string[] {
    return [...this.#c.headers].flat()
  }

  get trailers(): Record<string, string> {
    return Object.fromEntries(this.#c.body.trailers ?? [])
  }

  /** Deadlines are the server's. */
  setTimeout(): this {
    return this
  }

  #left(): void {
    if (this.aborted) return
    this.aborted = true
    this.emit('aborted')
    this.destroy()
  }

  override _read(): void {
    this.#content ??= this.#c.body[Symbol.asyncIterator]()
    this.#content.next().then(
      ({ done, value }) => {
        if (done) this.complete = true
        this.push(done ? null : value)
      },
      (error: Error) => this.destroy(error),
    )
  }
}

function urlOf(c: Context): string {
  return (normalizePath(c.path) ?? c.path) + c.search
}

/** One value for a name, as Node has it: the first where only one makes sense, else joined; cookies with a semicolon. */
function headersOf(c: Context): ConnectRequest['headers'] {
  // A name may be that of a member of every object, `constructor` or `__proto__`.
  const headers = new Map<string, string | string[]>()
  for (const [name] of c.headers)
    if (!headers.has(name)) headers.set(name, name === 'set-cookie' ? c.headers.getAll(name) : c.headers.get(name)!)
  return Object.fromEntries(headers)
}

function ignore(): void {}
