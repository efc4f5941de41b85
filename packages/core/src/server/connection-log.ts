// What is reported about a connection, and the one reason for its end.
import type { ParseErrorCode } from '@spillway/parser'
import type { Http2FaultCode } from '@spillway/parser/http2'
import type { RequestContext } from '../exchange/request-context.ts'
import type { Outcome } from '../exchange/errors.ts'
import type { Handler } from '../exchange/context.ts'
import { scopeOfNow, within } from '../exchange/scope.ts'
import { type CloseReason, type ConnectionEvent, type ExchangeEvent, channels } from './events.ts'
import { isTraced, traced } from './handler-trace.ts'
import { nodeChannels } from './node-channels.ts'
import { runStores } from './run-stores.ts'
import type { Server } from './server.ts'
import type { Peer } from '../transport/transport.ts'

interface WithPeer {
  readonly peer: Peer
}

/** Reports the events of one connection, and why it ends. While nobody listens, an event costs one check. */
export class ConnectionLog {
  /** Requests so far. */
  requests: number = 0
  readonly id: number
  readonly #server: Server
  /** The first thing that broke the connection off. */
  #broken: CloseReason | undefined = undefined
  /** The first reason for a normal end. */
  #planned: CloseReason | undefined = undefined
  #isOver = false

  constructor(server: Server, id: number) {
    this.#server = server
    this.id = id
  }

  /** Something has broken the connection off, or ends it at once. */
  because(reason: CloseReason): void {
    if (!this.#isOver) this.#broken ??= reason
  }

  /**
   * The socket has failed. The system may already have reported the reset to a write: then reading saw an end that was not a real one.
   * @param ended whether the client had ended its side before
   */
  failed(error: NodeJS.ErrnoException, ended: boolean): void {
    const reason = reasonOf(error, ended)
    const seen = this.#broken ?? this.#planned
    if (reason === 'client-reset' && (seen === 'client-gone' || seen === 'client-closed')) this.#broken = reason
    this.because(reason)
  }

  /** The connection ends normally after what is under way: this is the reason if nothing breaks it off before. */
  planned(reason: CloseReason): void {
    this.#planned ??= reason
  }

  /** Another protocol has taken over the connection; the end that HTTP had planned no longer applies. */
  upgraded(): void {
    this.#planned = 'upgraded'
  }

  /** The connection has ended normally and everything has been sent: what still happens to the socket no longer counts as a reason. */
  over(): void {
    this.#isOver = true
  }

  /** The next head has begun. */
  head(): void {
    if (channels.head.hasSubscribers) this.#publishHead()
  }

  /** Reports that a request is answered. @param answer gets the handler, which reports on itself if somebody traces it. */
  request(context: RequestContext, headBytes: number, handler: Handler, answer: (handler: Handler) => void): void {
    const told = nodeChannels.areUsed ? nodeChannels.begin(context, this.#server, handler) : handler
    const run = (): void => {
      // From here on, the stores bound by the subscribers belong to the exchange.
      context.scope = scopeOfNow()
      within(context.scope, answer, isTraced() ? traced(told, this.#about(context)) : told)
    }
    const { method, target, httpVersion } = context
    if (!channels.request.hasSubscribers) return run()
    runStores(channels.request, { ...this.#about(context), method, target, httpVersion, headBytes }, run)
  }

  reply(context: RequestContext, persist: boolean): void {
    if (channels.reply.hasSubscribers) this.#publishReply(context, persist)
  }

  end(context: RequestContext, outcome: Outcome): void {
    if (channels.end.hasSubscribers) this.#publishEnd(context, outcome)
  }

  idle(): void {
    if (channels.idle.hasSubscribers) channels.idle.publish({ ...this.#event(), exchange: this.requests })
  }

  /** @param of the connection that was refused; its address is looked up only when someone listens */
  refused(of: WithPeer, code: ParseErrorCode | Http2FaultCode, status: number, offset: number): void {
    if (!channels.refused.hasSubscribers) return
    const { peer } = of
    channels.refused.publish({ ...this.#event(), peer, code, status, offset })
  }

  close(of: WithPeer, bytesIn: number, bytesOut: number): void {
    if (!channels.close.hasSubscribers) return
    const { peer } = of
    const { requests } = this
    const reason = this.#broken ?? this.#planned ?? 'client-closed'
    channels.close.publish({ ...this.#event(), peer, reason, requests, bytesIn, bytesOut })
  }

  #publishHead(): void {
    channels.head.publish({ ...this.#event(), exchange: this.requests + 1 })
  }

  #publishReply(context: RequestContext, persist: boolean): void {
    const event = { ...this.#about(context), status: context.status, persist }
    within(context.scope, () => channels.reply.publish(event))
  }

  #publishEnd(context: RequestContext, outcome: Outcome): void {
    const event = { ...this.#about(context), outcome }
    within(context.scope, () => channels.end.publish(event))
  }

  #about(context: RequestContext): ExchangeEvent & { readonly context: RequestContext } {
    return { ...this.#event(), exchange: context.exchange, context }
  }

  #event(): ConnectionEvent {
    return { server: this.#server, connection: this.id }
  }
}

/** Whether somebody wants to know when a reply has been sent. */
export function endIsWatched(): boolean {
  return channels.end.hasSubscribers || channels.idle.hasSubscribers
}

/** Whether somebody observes how requests are answered. */
export function isObserved(): boolean {
  return channels.request.hasSubscribers || nodeChannels.areUsed || isTraced()
}

/** The close reason for a socket error. A reset after a FIN, which is how a client that has left answers what is sent to it, is EPIPE. */
export function reasonOf({ code }: NodeJS.ErrnoException, ended: boolean = false): CloseReason {
  if (code === 'EPIPE' && ended) return 'client-gone'
  return code === undefined || code === 'ECONNRESET' || code === 'EPIPE' ? 'client-reset' : 'network-error'
}
