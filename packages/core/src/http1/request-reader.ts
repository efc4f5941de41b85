import { type BodyEvent, Expectation, type RequestHead } from '@spillway/parser'
import { ReadState } from './connection-state.ts'
import { ContentReader } from './content-reader.ts'
import type { RequestContext } from '../exchange/request-context.ts'
import { Input } from './input.ts'
import type { RequestBody } from '../exchange/request-body.ts'
import type { ServerCore } from '../server/server-core.ts'
import type { Transport } from '../transport/transport.ts'

/** Approximate memory of a parser that belongs to one incomplete head. */
const parserBytes = 1024

/** The reading half of a connection: bytes in, heads and content out, and the socket paused while nobody wants more. */
export class RequestReader {
  readonly input: Input = new Input()
  /** Whether the handler is waiting for content. */
  wanted: boolean = false
  /** Whether the client holds its content back until it gets 100 (Continue) (RFC 9110 §10.1.1). */
  continueAwaited: boolean = false
  readonly #core: ServerCore
  readonly #transport: Transport
  #head: RequestHead | undefined
  #content: ContentReader | undefined
  #paused = false

  constructor(core: ServerCore, transport: Transport) {
    this.#core = core
    this.#transport = transport
  }

  /** The head that has begun but is not complete. */
  get head(): RequestHead | undefined {
    return this.#head
  }

  /** The content of the current request; it has some. */
  get content(): ContentReader {
    return this.#content!
  }

  /**
   * Continues parsing. Either the head is complete, or its error says why it cannot be: use it before anything else is parsed.
   * Undefined: more bytes are needed.
   */
  parseHead(): RequestHead | undefined {
    const { buf, pos, end } = this.input
    const head = this.#head ?? this.#core.head
    if (head.parse(buf, pos, end) === 0) {
      this.#head ??= this.#core.lendHead()
      return undefined
    }
    if (this.#head) this.#giveHead(head)
    return head
  }

  #giveHead(head: RequestHead): void {
    this.#head = undefined
    this.#core.giveHead(head)
  }

  /** Gives the parser back; an incomplete head is discarded. */
  release(): void {
    const head = this.#head
    if (!head) return
    head.reset()
    this.#giveHead(head)
  }

  /** The parsed head is that of a request with content. Returns the length of the content, null when it is chunked. */
  begin({ bodyKind, contentLength, expectation }: RequestHead): number | null {
    this.wanted = false
    this.continueAwaited = expectation === Expectation.Continue
    this.#content ??= new ContentReader(this.#core.limits)
    this.#content.begin(bodyKind, contentLength)
    return this.#content.length
  }

  /** Reads content for `body`, or drops it. */
  receive(body: RequestBody | undefined): BodyEvent {
    this.continueAwaited = false
    return this.content.receive(this.input, body)
  }

  /** Whether so much unread content is left that a new connection would cost less than reading it. */
  get tooMuchLeft(): boolean {
    const { length, received } = this.content
    // Without its 100, a client may never send what it announced.
    return this.continueAwaited || (length ?? 0) - received > this.#core.limits.discardBytes
  }

  /** Bytes of memory for what waits to be parsed or read. */
  held(context: RequestContext | undefined): number {
    return this.input.held + (this.#head ? parserBytes : 0) + (context?.bufferedBody ?? 0)
  }

  /** Stops reading while nobody wants more bytes, and starts again. Returns whether the socket is paused. */
  throttle(read: ReadState, body: RequestBody | undefined): boolean {
    const { pipelinedBytes } = this.#core.limits
    if (body && !body.waiting) this.wanted = false
    const pause = read === ReadState.Body ? body!.full : read === ReadState.Hold && this.input.length > pipelinedBytes
    if (pause !== this.#paused) {
      this.#paused = pause
      if (pause) this.#transport.pause()
      else this.#transport.resume()
    }
    return pause
  }

  /** One tick of the clock: whether content that is wanted arrives too slowly. */
  tooSlow(read: ReadState): boolean {
    const reading = read === ReadState.Discard || (read === ReadState.Body && this.wanted && !this.#paused)
    return reading && this.#core.hasLeastRate && this.content.tooSlow(this.#core.clock.interval)
  }
}
