import type { ParseErrorCode } from '@spillway/parser'
import type { Http2FaultCode } from '@spillway/parser/http2'
import type { RequestContext } from '../exchange/request-context.ts'
import type { Outcome } from '../exchange/errors.ts'
import { type CloseReason, type ConnectionEvent, channels } from './events.ts'
import type { Server } from './server.ts'
import type { Peer } from '../transport/transport.ts'

interface WithPeer {
  readonly peer: Peer
}

/** What is told of one connection, and why it ends. While nobody listens an event costs one test. */
export class ConnectionLog {
  /** The first cause is the reason. */
  reason: CloseReason | undefined = undefined
  /** Requests so far. */
  requests: number = 0
  readonly id: number
  readonly #server: Server

  constructor(server: Server, id: number) {
    this.#server = server
    this.id = id
  }

  /** Something that ends the connection has happened. */
  because(reason: CloseReason): void {
    this.reason ??= reason
  }

  /** The next head has begun. */
  head(): void {
    if (channels.head.hasSubscribers) this.#publishHead()
  }

  request(context: RequestContext, headBytes: number): void {
    if (channels.request.hasSubscribers) this.#publishRequest(context, headBytes)
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

  /** @param of whose address is asked for only when someone listens */
  refused(of: WithPeer, code: ParseErrorCode | Http2FaultCode, status: number, offset: number): void {
    if (!channels.refused.hasSubscribers) return
    const { peer } = of
    channels.refused.publish({ ...this.#event(), peer, code, status, offset })
  }

  close(of: WithPeer, bytesIn: number, bytesOut: number): void {
    if (!channels.close.hasSubscribers) return
    const { peer } = of
    const { requests, reason = 'client-closed' } = this
    channels.close.publish({ ...this.#event(), peer, reason, requests, bytesIn, bytesOut })
  }

  #publishHead(): void {
    channels.head.publish({ ...this.#event(), exchange: this.requests + 1 })
  }

  #publishRequest({ exchange, method, target, httpVersion }: RequestContext, headBytes: number): void {
    channels.request.publish({ ...this.#event(), exchange, method, target, httpVersion, headBytes })
  }

  #publishReply({ exchange, status }: RequestContext, persist: boolean): void {
    channels.reply.publish({ ...this.#event(), exchange, status, persist })
  }

  #publishEnd({ exchange }: RequestContext, outcome: Outcome): void {
    channels.end.publish({ ...this.#event(), exchange, outcome })
  }

  #event(): ConnectionEvent {
    return { server: this.#server, connection: this.id }
  }
}

export function reasonOf({ code }: NodeJS.ErrnoException): CloseReason {
  return code === undefined || code === 'ECONNRESET' || code === 'EPIPE' ? 'client-reset' : 'network-error'
}
