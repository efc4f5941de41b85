import { Writable, type WritableOptions } from 'node:stream'
import { type BodySource, type Context, Reply, guarded } from '@spillway/core'
import { pullerOf } from '@spillway/core/web'
import { isFieldValue, isToken, reasonPhrase } from '@spillway/parser/serialize'
import { Content } from './content.ts'
import { guardListeners, tellOf } from './listeners.ts'
import { trimBlanks } from '../http/trim-blanks.ts'
import type { ConnectRequest } from './request.ts'

type FieldValue = number | string | readonly string[]
type Fields = Readonly<Record<string, FieldValue | undefined>> | readonly FieldValue[]

/**
 * The response as connect middleware knows it: what they use of Node's `ServerResponse`, with the same methods calling each
 * other, so that middleware can put itself in front of `writeHead`, `write` and `end`. What comes out of it is a `Reply`.
 */
export class ConnectResponse extends Writable {
  /** Whatever middleware adds. */
  [added: string]: any
  statusCode = 200
  statusMessage = ''
  /** Whether `end` was called. */
  finished = false
  sendDate = true
  readonly req: ConnectRequest
  readonly socket: ConnectRequest['socket']
  readonly connection: ConnectRequest['socket']
  /** The reply, once its head is known. */
  readonly reply: Promise<Reply>
  #fields: Map<string, readonly [name: string, value: FieldValue]> = new Map()
  #head: string | null = null
  #content = new Content()
  #resolve!: (reply: Reply) => void
  #fail!: (error: Error) => void
  #finish: ((error?: Error | null) => void) | undefined
  #sent = false
  /** Where an error goes that no reply can tell of. */
  readonly #tell: (error: unknown) => void

  constructor(c: Context, req: ConnectRequest) {
    super({ captureRejections: true } as WritableOptions)
    this.req = req
    this.#tell = (error) => tellOf(c, error)
    guardListeners(this, this.#tell)
    this.socket = req.socket
    this.connection = req.socket
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#fail = reject
    })
    // Who waits for it hears of a failure; nobody has to wait.
    this.reply.catch(ignore)
    this.on('error', ignore)
    c.done((outcome) => {
      if (outcome.kind === 'aborted') {
        this.destroy()
        return
      }
      this.#sent = true
      this.#finish?.()
      if (this.finished) return
      // The reply was made without it: an error, or another one's in its place.
      this.statusCode = outcome.status
      this.#head ??= ''
      this.finished = true
      super.end()
    })
  }

  get headersSent(): boolean {
    return this.#head !== null
  }

  /** The head as text once it was sent; middleware reads it to know whether it was. */
  get _header(): string | null {
    return this.#head
  }

  _implicitHeader(): void {
    this.writeHead(this.statusCode)
  }

  /** @throws Error when the head was sent; TypeError for a name or value that Node refuses, too. */
  setHeader(name: string, value: FieldValue): this {
    this.#mustBeOpen('set')
    checkField(name, value)
    this.#fields.set(name.toLowerCase(), [name, value])
    return this
  }

  appendHeader(name: string, value: string | readonly string[]): this {
    checkField(name, value)
    const before = this.getHeader(name)
    return this.setHeader(name, before === undefined ? value : [...listOf(before), ...listOf(value)])
  }

  setHeaders(headers: Headers | ReadonlyMap<string, FieldValue>): this {
    for (const [name, value] of headers)
      if (name === 'set-cookie') this.appendHeader(name, String(value))
      else this.setHeader(name, value)
    return this
  }

  getHeader(name: string): FieldValue | undefined {
    return this.#fields.get(name.toLowerCase())?.[1]
  }

  getHeaders(): Record<string, FieldValue> {
    return Object.fromEntries([...this.#fields].map(([key, [, value]]) => [key, value]))
  }

  getHeaderNames(): string[] {
    return [...this.#fields.keys()]
  }

  hasHeader(name: string): boolean {
    return this.#fields.has(name.toLowerCase())
  }

  /** @throws Error when the head was sent. */
  removeHeader(name: string): void {
    this.#mustBeOpen('remove')
    this.#fields.delete(name.toLowerCase())
  }

  /** @throws Error when the head was sent; RangeError for a status of other than three digits; as {@link setHeader}. */
  writeHead(status: number, message?: string | Fields, fields?: Fields): this {
    this.#mustBeOpen('write')
    // As Node has it, text is a number, too.
    const whole = Math.trunc(status)
    if (!(whole >= 100 && whole <= 999))
      throw coded(new RangeError(`Invalid status code: ${String(status)}`), 'ERR_HTTP_INVALID_STATUS_CODE')
    this.statusCode = whole
    if (typeof message === 'string') this.statusMessage = message
    for (const [name, value] of pairsOf(typeof message === 'string' ? fields : message)) this.setHeader(name, value)
    this.statusMessage ||= reasonPhrase(whole)
    this.#head = `HTTP/1.1 ${whole} ${this.statusMessage}\r\n`
    // What is written in this turn may be all there is.
    queueMicrotask(() => {
      try {
        this.#resolve(this.#toReply())
      } catch (error) {
        this.destroy(error as Error)
      }
    })
    return this
  }

  flushHeaders(): void {
    if (!this.headersSent) this.writeHead(this.statusCode)
  }

  /** Sends the client elsewhere; the one thing of Express's own that passport and others ask for. */
  redirect(to: string | number, url?: string): void {
    this.writeHead(typeof to === 'number' ? to : 302, { Location: url ?? String(to) })
    this.end()
  }

  writeContinue(): void {
    // core does, when the content is read
  }

  /** Deadlines are the server's. */
  setTimeout(): this {
    return this
  }

  /** The arguments, whose callback must not end the process. */
  #guarded(args: readonly unknown[]): unknown[] {
    return args.map((argument) =>
      typeof argument === 'function'
        ? (...given: unknown[]) => guarded(argument as (...given: unknown[]) => unknown, this.#tell, ...given)
        : argument,
    )
  }

  /** What comes after the end changes nothing that was sent: the error is told, and given to the callback. */
  #tooLate(args: readonly unknown[]): void {
    const error = coded(new Error('write after end'), 'ERR_STREAM_WRITE_AFTER_END')
    const callback = this.#guarded(args).findLast((argument) => typeof argument === 'function')
    if (callback) process.nextTick(callback, error)
    this.#tell(error)
  }

  override end(...args: any[]): this {
    if (this.writableEnded) {
      if (args.length > 0 && typeof args[0] !== 'function') this.#tooLate(args)
      return this
    }
    // Asked of the object itself: middleware may stand in front of it.
    if (!this.headersSent) this.writeHead(this.statusCode)
    this.finished = true
    return super.end(...(this.#guarded(args) as []))
  }

  override write(...args: any[]): boolean {
    if (this.writableEnded) {
      this.#tooLate(args)
      return false
    }
    if (!this.headersSent) this.writeHead(this.statusCode)
    return super.write(...(this.#guarded(args) as [unknown]))
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#content.push(chunk, done)
  }

  /** `finish` comes when the bytes have left. */
  override _final(done: (error?: Error | null) => void): void {
    this.#content.end()
    if (this.#sent) done()
    else this.#finish = done
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const reason = error ?? new Error('The response was closed before it was complete')
    this.#content.fail(reason)
    this.#fail(reason)
    done(error)
  }

  /** Hands a reply of ours on through whatever middleware has put in front of the methods. */
  adopt(reply: Reply): Reply | Promise<Reply> {
    this.#take(reply)
    if (!Object.hasOwn(this, 'write') && !Object.hasOwn(this, 'end')) {
      this.writeHead(reply.status)
      this.finished = true
      const { body } = reply
      const adopted = this.#fieldsInto(new Reply(body, this.statusCode))
      adopted.trailers = reply.trailers
      this.#resolve(adopted)
      super.end()
      return adopted
    }
    void this.#send(reply.body)
    return this.reply
  }

  #take(reply: Reply): void {
    this.statusCode = reply.status
    const seen = new Set<string>()
    for (const [name, value] of reply.headers) {
      const isList = /^(?:vary|set-cookie)$/i.test(name)
      if (isList || seen.has(name.toLowerCase())) this.appendHeader(name, value)
      else this.setHeader(name, value)
      seen.add(name.toLowerCase())
    }
    const { body } = reply
    if (this.hasHeader('content-length') || reply.status === 204 || reply.status === 304) return
    if (typeof body === 'string') this.setHeader('Content-Length', Buffer.byteLength(body))
    else if (body instanceof Uint8Array) this.setHeader('Content-Length', body.length)
  }

  async #send(body: BodySource): Promise<void> {
    if (body === null || typeof body === 'string' || body instanceof Uint8Array) return void this.end(body ?? undefined)
    const source = pullerOf(body)
    let wake: (() => void) | undefined
    // With `on`, which middleware that holds bytes back replaces to say when it wants more.
    this.on('drain', () => wake?.())
    this.on('close', () => {
      wake?.()
      if (!this.writableFinished) source.cancel(undefined).catch(ignore)
    })
    try {
      for (;;) {
        const { done, value } = await source.next()
        if (this.destroyed) return
        if (done) return void this.end()
        // what stands in front of it may return nothing
        const takesMore: unknown = this.write(value)
        if (takesMore === false) await new Promise<void>((resolve) => (wake = resolve))
      }
    } catch (error) {
      this.destroy(error as Error)
    }
  }

  #toReply(): Reply {
    const whole = this.writableEnded ? this.#content.whole(this.writableLength) : undefined
    return this.#fieldsInto(new Reply(whole === undefined ? this.#content : whole, this.statusCode))
  }

  #fieldsInto(reply: Reply): Reply {
    for (const [name, value] of this.#fields.values()) {
      if (/^(?:transfer-encoding|connection|keep-alive)$/i.test(name)) continue
      for (const line of listOf(value)) reply.headers.append(name, line)
    }
    return reply
  }

  #mustBeOpen(what: string): void {
    if (this.#head === null) return
    throw coded(new Error(`Cannot ${what} headers after they are sent to the client`), 'ERR_HTTP_HEADERS_SENT')
  }
}

/** Refuses what Node refuses, and where it does. */
function checkField(name: string, value: FieldValue): void {
  if (typeof name !== 'string' || !isToken(name))
    throw coded(new TypeError(`Header name must be a valid HTTP token ["${name}"]`), 'ERR_INVALID_HTTP_TOKEN')
  if (value === undefined)
    throw coded(new TypeError(`Invalid value "undefined" for header "${name}"`), 'ERR_HTTP_INVALID_HEADER_VALUE')
  if (!listOf(value).every(isFieldValue))
    throw coded(new TypeError(`Invalid character in header content ["${name}"]`), 'ERR_INVALID_CHAR')
}

function coded<E extends Error>(error: E, code: string): E {
  return Object.assign(error, { code })
}

/** Texts, whatever was given, as with Node; blanks around one mean nothing (RFC 9110 §5.5). */
function listOf(value: FieldValue): string[] {
  return (Array.isArray(value) ? (value as readonly unknown[]) : [value]).map((one) => trimBlanks(String(one)))
}

function* pairsOf(fields: Fields | undefined): Iterable<readonly [string, FieldValue]> {
  if (fields === undefined) return
  if (!Array.isArray(fields)) {
    for (const [name, value] of Object.entries(fields as Record<string, FieldValue>))
      if (value !== undefined) yield [name, value]
    return
  }
  const list = fields as readonly FieldValue[]
  for (let i = 0; i < list.length; i += Array.isArray(list[i]) ? 1 : 2)
    yield Array.isArray(list[i]) ? (list[i] as unknown as [string, string]) : [String(list[i]), list[i + 1]!]
}

function ignore(): void {}
