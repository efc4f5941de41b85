import type { Context, ReplyHeaders, RequestBody } from '@spillway/core'
import type { Requester, UpstreamExchange } from './exchange.ts'
import type { Passes } from './passed-fields.ts'
import type { RequestPlan } from './request-head.ts'

/** The content of a request: as it comes, or kept. */
export type Content = AsyncIterable<Uint8Array> & Pick<RequestBody, 'trailers'>

/** Milliseconds that content waits for 100 (Continue): the server may be too old to say it (RFC 9110 §10.1.1). */
const continueWait = 1000

/** The request's side of one exchange: sends the content as fast as the server takes it, and watches the client. */
export class ContentPump implements Requester {
  readonly #c: Context<any, any>
  readonly #exchange: UpstreamExchange
  readonly #content: Content
  readonly #passes: Passes
  readonly #since: number
  readonly #isLost: () => boolean
  #held: boolean
  #isAnswered = false
  #watched: AbortSignal | undefined
  readonly #stop = (): void => this.#exchange.cancel(this.#watched!.reason as Error)

  /** @param isLost whether nobody should wait for this server any more, and the request goes to another one. */
  constructor(
    c: Context<any, any>,
    content: Content,
    exchange: UpstreamExchange,
    plan: RequestPlan,
    isLost: () => boolean,
  ) {
    const { hasContent, expectContinue } = plan
    this.#c = c
    this.#exchange = exchange
    this.#content = content
    this.#isLost = isLost
    this.#passes = plan.passes
    this.#held = hasContent
    this.#since = expectContinue ? performance.now() : 0
  }

  /** The head has been sent. */
  begin(): void {
    if (this.#since === 0) this.onContinue()
  }

  /** Reading the content is what tells the client to go on. */
  onContinue(): void {
    if (!this.#held) return
    this.#held = false
    void this.#send()
  }

  onInterim(status: number, fields: ReplyHeaders): void {
    this.#c.hints(fields, status)
  }

  /**
   * A signal costs more than most exchanges have to spare, so the client is watched only once there is time. It is gone when
   * it has ended its side: for a client that only says that it has asked, we would have to keep a server busy for all others.
   */
  onWait(): void {
    if (!this.#isAnswered && this.#isLost()) return this.#exchange.lose('the checks find it gone')
    if (this.#held && performance.now() - this.#since >= continueWait) this.onContinue()
    if (this.#watched) return
    this.#watched = this.#c.signal
    if (this.#watched.aborted) this.#stop()
    else this.#watched.addEventListener('abort', this.#stop, { once: true })
  }

  /** A final response: content that is still held back is not wanted. */
  answered(): void {
    this.#held = false
    this.#isAnswered = true
  }

  onOver(): void {
    this.#watched?.removeEventListener('abort', this.#stop)
  }

  async #send(): Promise<void> {
    const exchange = this.#exchange
    const content = this.#content
    try {
      for await (const chunk of content) if (!exchange.write(chunk) && !(await exchange.writable())) return
      exchange.sent(content.trailers?.filter(([name]) => this.#passes(name.toLowerCase())))
    } catch (error) {
      // The client's content broke off; or its reply is complete, and then the exchange is already over.
      exchange.cancel(error as Error)
    }
  }
}
