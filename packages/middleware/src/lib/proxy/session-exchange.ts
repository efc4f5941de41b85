import { ReplyHeaders } from '@spillway/core'
import type { ClientStream, ResponseSink, StreamFailure } from '@spillway/core/http2'
import type { Http2Response } from '@spillway/parser/http2'
import { type FailureKind, UpstreamError } from './errors.ts'
import { type Answer, type Requester, type UpstreamExchange, deadlineIn } from './exchange.ts'
import type { OutgoingHead } from './request-head.ts'
import { type ContentSource, ResponseBody } from './response-body.ts'
import { joined, mostInterim } from './response-reader.ts'
import type { UpstreamSession } from './session.ts'

const Phase = { Waiting: 0, Head: 1, Content: 2, Over: 3 } as const
type Phase = (typeof Phase)[keyof typeof Phase]

type Fields = readonly (readonly [name: string, value: string])[]

const nothing = new Uint8Array(0)

/** One exchange on a shared connection: an HTTP/2 stream, with a deadline for everything it waits for. */
export class SessionExchange implements UpstreamExchange, ResponseSink, ContentSource {
  client: string | undefined = undefined
  readonly #session: UpstreamSession
  readonly #isTunnel: boolean
  #phase: Phase = Phase.Waiting
  #stream: ClientStream | undefined
  #requester: Requester | undefined
  #resolve: ((answer: Answer) => void) | undefined
  #reject: ((error: Error) => void) | undefined
  /** Waits for room to write. */
  #ready: ((ok: boolean) => void) | undefined
  #deadline = 0
  #interim = 0
  #isSent = false
  /** The content that arrived in the same turn as its head: usually all of it. */
  #pieces: Uint8Array[] = []
  #early: { readonly status: number; readonly fields: ReplyHeaders } | undefined
  #body: ResponseBody | undefined
  /** Bytes that stay counted against the window until they are wanted. */
  #unreleased = 0

  constructor(session: UpstreamSession, isTunnel: boolean) {
    this.#session = session
    this.#isTunnel = isTunnel
  }

  get connecting(): boolean {
    return this.#session.connecting
  }

  get isWaiting(): boolean {
    return this.#phase === Phase.Waiting
  }

  get usable(): boolean {
    return this.isWaiting && this.#session.canBegin && (!this.#isTunnel || this.#session.canConnect)
  }

  connected(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#reject = reject
      this.#session.connected().then(resolve, reject)
    })
  }

  // ── the request ────────────────────────────────────────────────────────────────────────────────────────────────

  request(head: OutgoingHead, requester: Requester): Promise<Answer> {
    const { hasContent } = head.plan
    this.#phase = Phase.Head
    this.#requester = requester
    this.#isSent = !hasContent
    this.#deadline = hasContent ? 0 : deadlineIn(this.#session.timeouts.head)
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      this.#stream = this.#session.request(head, !hasContent && !this.#isTunnel, this)
    })
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#isOpen) return false
    const ready = this.#stream!.write(bytes)
    if (this.#phase === Phase.Head) this.#deadline = ready ? 0 : deadlineIn(this.#session.timeouts.head)
    return ready
  }

  writable(): Promise<boolean> {
    if (!this.#isOpen) return Promise.resolve(false)
    return new Promise((resolve) => {
      this.#ready = resolve
    })
  }

  sent(trailers: Fields | undefined): void {
    if (!this.#isOpen) return
    this.#isSent = true
    this.#stream!.finish(trailers?.map(([name, value]) => [name.toLowerCase(), value] as const))
    if (this.#phase === Phase.Head) this.#deadline = deadlineIn(this.#session.timeouts.head)
  }

  get #isOpen(): boolean {
    return this.#phase === Phase.Head || this.#phase === Phase.Content
  }

  onDrain(): void {
    // From now on it waits for the client's content, which has a deadline of its own.
    if (this.#phase === Phase.Head && !this.#isSent) this.#deadline = 0
    this.#wake(true)
  }

  #wake(ok: boolean): void {
    const ready = this.#ready
    this.#ready = undefined
    ready?.(ok)
  }

  // ── the response ───────────────────────────────────────────────────────────────────────────────────────────────

  onHead(head: Http2Response, ended: boolean): void {
    const { status } = head
    const fields = responseFields(head)
    if (status < 200) {
      if (++this.#interim > mostInterim) return this.#fail('invalid', 'too many interim responses')
      if (status === 100) this.#requester!.onContinue()
      else this.#requester!.onInterim(status, fields)
      return
    }
    if (status > 599) return this.#fail('invalid', `malformed response: status ${status}`)
    if (this.#isTunnel && status < 300) return this.#switched(fields, ended)
    this.#phase = Phase.Content
    if (ended) {
      this.#resolve!({ status, fields, content: null, trailers: null })
      return this.#over()
    }
    this.#deadline = deadlineIn(this.#session.timeouts.bodyIdle)
    this.#early = { status, fields }
    queueMicrotask(() => this.#answer(status, fields))
  }

  /** The head has arrived, with everything that came in the same turn. */
  #answer(status: number, fields: ReplyHeaders): void {
    // The exchange has failed in the meantime.
    if (this.#phase !== Phase.Content) return
    const body = (this.#body = new ResponseBody(this))
    for (const piece of this.#pieces) body.push(piece)
    this.#resolve!({ status, fields, content: body, trailers: null })
    this.#received(body)
  }

  #switched(fields: ReplyHeaders, ended: boolean): void {
    if (ended) return this.#fail('invalid', 'a tunnel that ends with its head')
    const transport = this.#stream!.tunnel()
    const resolve = this.#resolve!
    // As in HTTP/1.1, and as handlers expect.
    fields.set('Upgrade', 'websocket')
    this.#over()
    resolve({
      status: 101,
      fields,
      content: null,
      trailers: null,
      tunnel: { transport, leftover: nothing, isStream: true },
    })
  }

  onData(chunk: Uint8Array): void {
    this.#unreleased += chunk.length
    const bytes = Buffer.from(chunk)
    if (!this.#body) return void this.#pieces.push(bytes)
    this.#body.push(bytes)
    this.#received(this.#body)
  }

  #received(body: ResponseBody): void {
    if (body.full) this.#deadline = 0
    else this.demand()
  }

  demand(): void {
    if (this.#phase !== Phase.Content) return
    this.#deadline = deadlineIn(this.#session.timeouts.bodyIdle)
    this.#stream!.release(this.#unreleased)
    this.#unreleased = 0
  }

  onEnd(trailers: Fields | null): void {
    const body = this.#body
    if (body) {
      this.#over()
      return body.end(trailers)
    }
    // All of it arrived in one turn.
    const resolve = this.#resolve!
    const { status, fields } = this.#early!
    this.#over()
    resolve({ status, fields, content: joined(this.#pieces), trailers })
  }

  onFail({ message, isUntouched, isMalformed }: StreamFailure): void {
    const kind = this.#phase === Phase.Content ? 'cut' : isMalformed ? 'invalid' : 'closed'
    this.#fail(kind, message, isUntouched)
  }

  // ── ending ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #over(): void {
    if (this.#phase === Phase.Over) return
    this.#phase = Phase.Over
    this.#deadline = 0
    const requester = this.#requester
    this.#requester = this.#resolve = this.#reject = undefined
    // What has arrived and was not taken no longer counts against the window.
    this.#stream?.release(this.#unreleased)
    this.#unreleased = 0
    requester?.onOver()
    this.#wake(false)
    this.#session.left(this)
  }

  #fail(kind: FailureKind, message: string, isUntouched = false): void {
    const error = new UpstreamError(kind, this.#session.url, message)
    error.stale = error.untouched = isUntouched
    this.cancel(error)
  }

  lose(message: string): void {
    this.#fail('closed', message)
  }

  cancel(reason: Error): void {
    if (this.#phase === Phase.Over) return
    const reject = this.#reject
    this.destroy()
    this.#body?.fail(reason)
    reject?.(reason)
  }

  destroy(): void {
    if (this.#phase === Phase.Over) return
    const stream = this.#stream
    this.#over()
    stream?.cancel()
  }

  tick(now: number): void {
    if (this.#deadline === 0 || now < this.#deadline) return this.#requester?.onWait()
    const deadline = this.#deadline
    // If this process was busy, bytes may be waiting in the kernel: look once more before giving up.
    setImmediate(() => {
      if (this.#deadline !== deadline) return
      this.#fail('timeout', this.#phase === Phase.Head ? 'no response in time' : 'no content in time')
      this.#session.probe()
    })
  }
}

/** The fields of a response as they are passed on: in HTTP/2 none of them concerns a connection. */
function responseFields(head: Http2Response): ReplyHeaders {
  const flat: string[] = []
  for (const [name, value] of head) {
    if (name === 'proxy-authenticate' || (name === 'content-length' && head.status === 204)) continue
    flat.push(name, value, `${name}: ${value}\r\n`)
  }
  return new ReplyHeaders(flat)
}
