// Sends the content of a request on to an upstream server.
import type { Context, ReplyHeaders, RequestBody } from '@spillway/core'
import type { Requester, UpstreamExchange } from './exchange.ts'
import type { Passes } from './passed-fields.ts'
import type { RequestPlan } from './request-head.ts'

/** The content of a request: streamed, or already read. */
export type Content = AsyncIterable<Uint8Array> & Pick<RequestBody, 'trailers'>

/** Milliseconds that content waits for 100 (Continue): the server may be too old to send it (RFC 9110 §10.1.1). */
const continueWait = 1000

/** The request side of one exchange: sends the content as fast as the server takes it, and watches the client. */
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

  /** @param isLost whether the server is no longer worth waiting for, so that the request goes to another one. */
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

  /** Starts reading the content, which tells the client to go on. */
  onContinue(): void {
    if (!this.#held) return
    this.#held = false
    void this.#send()
  }

  onInterim(status: number, fields: ReplyHeaders): void {
    this.#c.hints(fields, status)
  }

  // decision 026
  /**
   * A signal costs more than most exchanges can afford, so the client is watched only once some time has passed. A client that has
   * ended its side counts as gone: the few that only finish sending would otherwise make us keep servers busy for all the others.
   */
  onWait(): void {
    if (!this.#isAnswered && this.#isLost()) return this.#exchange.lose('the checks find it gone')
    if (this.#held && performance.now() - this.#since >= continueWait) this.onContinue()
    if (this.#watched) return
    this.#watched = this.#c.signal
    if (this.#watched.aborted) this.#stop()
    else this.#watched.addEventListener('abort', this.#stop, { once: true })
  }

  /** A final response came: content that is still held back is not wanted. */
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
      // The client's content broke off; or its reply is complete, in which case the exchange is already over.
      exchange.cancel(error as Error)
    }
  }
}
