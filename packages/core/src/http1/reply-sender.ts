// Sends replies: writes what was planned, and follows streams to their end.
import type { RequestContext } from '../exchange/request-context.ts'
import { AbortedError, type AbortedBy, type Outcome, abortMessage } from '../exchange/errors.ts'
import { endIsWatched } from '../server/connection-log.ts'
import { Output } from './output.ts'
import type { Reply } from '../exchange/reply.ts'
import type { ReplyHeaders } from '../exchange/reply-headers.ts'
import { ReplyStream, type StreamEnd, type StreamSink } from '../exchange/reply-stream.ts'
import { ContentFraming } from '../exchange/content.ts'
import type { ReplyFacts } from '../server/written-heads.ts'
import { type ReplyPlan, interimHead, planReply } from './reply-plan.ts'
import type { Holding } from '../transport/holding.ts'
import type { Transport } from '../transport/transport.ts'

/** Bytes of output that are collected before they are written in the middle of a turn. */
const outputBytes = 64 * 1024

/** What the sender tells its connection. */
export interface SenderOwner extends StreamEnd {
  /** The transport wants no more for now. */
  congested(): void
  /** An exchange is over. */
  ended(context: RequestContext, outcome: Outcome): void
  /** The source of content that is no longer wanted has failed. */
  report(error: unknown, context: RequestContext | undefined): void
}

/** The writing half of a connection: everything that becomes ready in one turn leaves in one write. */
export class ReplySender implements StreamSink {
  readonly output: Output
  readonly #transport: Transport
  readonly #owner: SenderOwner
  #stream: ReplyStream | undefined
  #scheduled = false
  /** Exchanges that have been written, while someone wants to know when their bytes have been sent. */
  #finishing: RequestContext[] | undefined
  /** How many of these are on their way to the operating system. */
  #leaving = 0

  constructor(transport: Transport, owner: SenderOwner) {
    this.output = new Output(transport)
    this.#transport = transport
    this.#owner = owner
  }

  /** Whether someone is still waiting to hear that a reply has been sent. */
  get finishing(): boolean {
    return this.#finishing !== undefined || this.#leaving > 0
  }

  /** Whether the reply being streamed can end only with the connection. */
  get untilClose(): boolean {
    return this.#stream?.framing === ContentFraming.UntilClose
  }

  /** Whether so much is waiting that it should be sent before more is made. */
  get full(): boolean {
    return this.output.length >= outputBytes
  }

  /**
   * Puts a reply into the output. The plan says whether it is complete or has begun to stream.
   * @throws RangeError and TypeError when the reply cannot be sent; then nothing was put into the output.
   */
  send(context: RequestContext | undefined, reply: Reply, facts: ReplyFacts): ReplyPlan {
    const plan = planReply(reply, facts)
    const { output } = this
    // Before anything is put into the output: a source that cannot be read throws here.
    const { source, framing } = plan
    const stream = source === null ? undefined : this.#streamOf(context, plan, reply)
    if (context) {
      context.status = reply.status
      context.replyStart = output.total + output.length
    }
    output.append(plan.head)
    if (plan.text !== '') output.append(plan.text)
    if (plan.content) output.appendBytes(plan.content)
    if (framing === ContentFraming.Whole) stream?.stop(undefined)
    else this.#stream = stream
    return plan
  }

  #streamOf(context: RequestContext | undefined, plan: ReplyPlan, { trailers }: Reply): ReplyStream {
    const { source, framing, length } = plan
    return new ReplyStream(this, source, framing, length, trailers, (error) => this.#owner.report(error, context))
  }

  /** Puts an interim reply into the output (RFC 9110 §15.2). */
  sendInterim(status: number, headers?: ReplyHeaders): void {
    this.output.append(interimHead(status, headers))
    this.scheduleFlush()
  }

  /** Starts reading the content of the reply that was sent last. */
  startStream(): void {
    this.scheduleFlush()
    void this.#stream!.run(this.#owner)
  }

  append(text: string): void {
    this.output.append(text)
  }

  appendBytes(bytes: Uint8Array): void {
    this.output.appendBytes(bytes)
  }

  commit(): boolean {
    if (this.full) this.flush()
    else this.scheduleFlush()
    return !this.output.congested
  }

  get left(): boolean {
    return this.output.length === 0 && this.#transport.bufferedBytes === 0
  }

  /** The transport accepts bytes again. */
  resume(): void {
    this.output.drained()
    this.#stream?.resume()
  }

  /** Bytes waiting to be sent, and what the source of the current reply holds. */
  held(holding: Holding): number {
    return this.output.held(holding) + (this.#stream?.held(holding) ?? 0)
  }

  /** The content of the current reply will not be sent. */
  stop(reason: unknown): void {
    this.#stream?.stop(reason)
    this.#stream = undefined
  }

  /** The last byte of a context's reply is in the output. */
  complete(context: RequestContext): void {
    this.#stream = undefined
    context.replyEnd = this.output.total + this.output.length
    const observed = context.observed || endIsWatched()
    if (observed) (this.#finishing ??= []).push(context)
    else context.finish(sent(context))
  }

  /** A context's reply will never be complete. */
  abort(context: RequestContext, by: AbortedBy, error?: unknown): void {
    const { status, replyStart, replyEnd } = context
    const written = replyEnd === 0 ? this.output.total : Math.min(replyEnd, this.output.total)
    const bytes = status === 0 ? 0 : Math.max(0, written - replyStart)
    context.abort(new AbortedError(by, abortMessage[by]))
    this.#owner.ended(context, { kind: 'aborted', by, status, bytes, ...(error !== undefined && { error }) })
  }

  /** Replies that become ready outside a turn of the transport still leave together, at the end of this turn of the event loop. */
  scheduleFlush(): void {
    if (this.#scheduled || (this.output.length === 0 && !this.#finishing)) return
    this.#scheduled = true
    process.nextTick(flushScheduled, this)
  }

  flush(): void {
    this.#scheduled = false
    if (this.output.length > 0 && !this.output.flush()) this.#owner.congested()
    const finishing = this.#finishing
    if (!finishing) return
    this.#finishing = undefined
    this.#leaving += finishing.length
    this.#transport.flushed((ok) => {
      for (const context of finishing) {
        this.#leaving--
        if (ok) this.#owner.ended(context, sent(context))
        else this.abort(context, 'peer')
      }
    })
  }
}

function sent({ status, replyStart, replyEnd }: RequestContext): Outcome {
  return { kind: 'sent', status, bytes: replyEnd - replyStart }
}

function flushScheduled(sender: ReplySender): void {
  sender.flush()
}
