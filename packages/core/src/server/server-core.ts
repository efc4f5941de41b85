// What all connections of a server share: its accounts, its clock, its handler, and the handling of errors.
import { AsyncResource } from 'node:async_hooks'
import { Expectation, type ParseErrorCode, RequestHead, parseErrors } from '@spillway/parser'
import { networkOf } from '../transport/addresses.ts'
import { Clock } from './clock.ts'
import { type Holder, Ledger } from './ledger.ts'
import type { Handler, MaybePromise } from '../exchange/context.ts'
import type { Reporter } from '../exchange/beginning.ts'
import { type ReplyTarget, type Waiter, dispatch } from '../exchange/dispatch.ts'
import type { RequestContext } from '../exchange/request-context.ts'
import { type Scope, scopeOfNow, scopesInUse, within } from '../exchange/scope.ts'
import { type ConnectionLog, isObserved } from './connection-log.ts'
import { errorText, plainError } from '../exchange/error-reply.ts'
import { type OnError, errorAnswer, reportError, unhandled } from '../exchange/on-error.ts'
import { refusalText } from '../exchange/refusal-text.ts'
import { errorFacts } from '../exchange/errors.ts'
import { begun } from '../exchange/beginning.ts'
import { isSource } from '../exchange/source.ts'
import { checkHandler } from './check-handler.ts'
import { scopeOfMember, waiterOf } from './own-member.ts'
import { channels } from './events.ts'
import { type ReplyFacts, WrittenHeads } from './written-heads.ts'
import { type Limits, type Timeouts, headLimits } from './options.ts'
import { readOptions } from '../exchange/read-options.ts'
import { serverRules } from './rules.ts'
import { Reply } from '../exchange/reply.ts'
import type { Server, ServerOptions } from './server.ts'
import type { Peer } from '../transport/transport.ts'

/** Parsers kept for reuse. */
const sparedHeads = 32

/** Connections over the limit that may wait until their 503 has been read; further ones are closed without a reply. */
const turnedAwayAtOnce = 64

/** Most milliseconds between two ticks; a shorter deadline makes the clock tick faster. */
const slowestTick = 250

/** Milliseconds added to the keep-alive time that the client was told, for a request sent at the last moment. */
const keepAliveGrace = 1000

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** What takes a place in a server: a connection, a handshake that may become one, an HTTP/2 session. */
export interface Member extends Holder {
  /** Counts up from 1 within the process. */
  readonly id: number
  /** Its address is empty while it is not known, and for unix sockets. */
  readonly peer: Peer
  /** Whether it was turned away because the server was full. */
  turnedAway: boolean
  /** Whether a request is being read or answered. */
  readonly active: boolean
  /** The async context in which its exchanges begin, after the first one has, if contexts are kept. */
  scope?: Scope
  /** Waits for its handlers, once one of them takes more than a turn and no contexts are kept. */
  waiter?: Waiter | undefined
  /** One tick of the server's clock. */
  onTick(now: number): void
  /** Shutdown begins. */
  shutdown(): void
  /** Shutdown's deadline has passed. */
  kill(): void
  /** The memory that it holds is needed for others. */
  relieve(): void
}

/** Whether the server has room for a connection that was just accepted. */
export const Place = {
  Served: 0,
  /** No room, but it may stay until its 503 has been read. */
  TurnedAway: 1,
  /** No room at all: it is closed without a reply. */
  None: 2,
} as const
export type Place = (typeof Place)[keyof typeof Place]

let members = 0

/** What the connections of one server share: its handler, its numbers, its clock, its accounts. */
export class ServerCore {
  readonly server: Server
  readonly #handler: Handler
  readonly limits: Limits
  readonly timeouts: Timeouts
  readonly clock: Clock
  /** Whether content has to come at a minimum rate: without `timeouts.bodyIdle` there is none. */
  readonly hasLeastRate: boolean
  /** Filled in again for each reply. */
  readonly facts: Mutable<ReplyFacts>
  readonly open: Set<Member> = new Set()
  /** The connections that were cut at the deadline of shutdown. */
  killed: readonly Member[] = []
  /** Whether more bytes than `limits.bufferedBytes` were held for all connections at the last tick, without a stalled connection to cut. */
  overloaded: boolean = false
  /** Parses the heads of all connections; an incomplete head gets a parser of its own. */
  head: RequestHead
  /** The member whose handler is running right now, before its first `await`. */
  answering: Member | undefined = undefined
  readonly #onError: OnError | undefined
  /** Whether somebody was listening at the last check, which is made for each connection and at each tick: asking eight channels takes time. */
  #isObserved = false
  /** The async context in which the server was created; its exchanges see what was there. */
  readonly #scope: AsyncResource = new AsyncResource('SPILLWAY_SERVER')
  readonly #heads: RequestHead[] = []
  /** Computed once: every request needs them. */
  readonly #idleTicks: number
  readonly #requestTicks: number
  readonly #ledger: Ledger<Member> = new Ledger()
  #accepted = 0
  #turnedAway = 0
  readonly #addresses: Map<string, number> = new Map()
  /** Called when a connection is gone. */
  readonly #waiting: Set<() => void> = new Set()
  /** Those whose handlers wait for the end of the server. */
  readonly #closers: Set<Member> = new Set()

  constructor(server: Server, handler: Handler, options: ServerOptions) {
    checkHandler(handler)
    this.server = server
    this.#handler = handler
    const { limits, timeouts, onError } = readOptions(serverRules, options)
    this.limits = limits
    this.timeouts = timeouts
    this.head = new RequestHead(headLimits(this.limits))
    this.#onError = onError
    const set = Object.values(this.timeouts).filter((ms) => ms > 0)
    this.clock = new Clock(
      Math.max(10, Math.min(slowestTick, ...set.map((ms) => ms / 4))),
      () => this.#tick(),
      () => (this.facts.written.dateLine = this.clock.dateLine),
    )
    const { keepAlive: idle, bodyIdle } = this.timeouts
    this.hasLeastRate = bodyIdle > 0 && bodyIdle < Infinity
    this.#idleTicks = idle === 0 ? 0 : this.clock.ticks(idle + keepAliveGrace)
    this.#requestTicks = this.clock.ticks(this.timeouts.request)
    // The field has only whole seconds.
    const seconds = Math.floor(idle / 1000)
    const keepAlive = seconds > 0 && seconds < Infinity ? `Keep-Alive: timeout=${seconds}\r\n` : ''
    this.facts = {
      method: '',
      minorVersion: 1,
      persist: true,
      written: new WrittenHeads(`Connection: keep-alive\r\n${keepAlive}\r\n`),
    }
    this.facts.written.dateLine = this.clock.dateLine
  }

  /** Has a request answered, in an async context of its own, and reported to subscribers. @param headBytes of its head. */
  begin(
    context: RequestContext,
    expectation: Expectation,
    target: ReplyTarget,
    log: ConnectionLog,
    headBytes: number,
  ): void {
    if (scopesInUse() || channels.request.hasSubscribers || this.#isObserved)
      this.#beginWithin(context, expectation, target, log, headBytes)
    else this.#answer(this.#handler, context, expectation, target)
  }

  #beginWithin(
    context: RequestContext,
    expectation: Expectation,
    target: ReplyTarget,
    log: ConnectionLog,
    headBytes: number,
  ): void {
    // It begins in an async context of its own, not in that of whichever exchange happens to be running.
    const member = this.answering!
    context.scope = within((member.scope ??= scopeOfMember(member, this.#scope)), scopeOfNow)
    within(context.scope, () => {
      const answer = (handler: Handler): void => this.#answer(handler, context, expectation, target)
      if (isObserved()) log.request(context, headBytes, this.#handler, answer)
      else answer(this.#handler)
    })
  }

  /** Lets the handler answer, unless the request has an unknown expectation, or too much memory is held already. */
  #answer(handler: Handler, context: RequestContext, expectation: Expectation, target: ReplyTarget): void {
    if (expectation === Expectation.Unknown)
      target.reply(context, errorText(417, 'Only the expectation 100-continue is understood'))
    else if (this.overloaded) target.reply(context, this.overloadReply())
    else {
      const pending = dispatch(handler, context, target)
      if (pending) void waiterOf(this.answering!)(pending, context, target)
    }
  }

  /** The tick at which a connection has waited long enough for its next request. */
  idleDeadline(): number {
    return this.clock.in(this.#idleTicks)
  }

  /** The tick at which a request that begins now will have taken too long. */
  requestDeadline(): number {
    return this.clock.in(this.#requestTicks)
  }

  nextId(): number {
    return ++members
  }

  /**
   * Whether there is a place for something that was just accepted. When there is none, a few are let in all the
   * same, to be told so; further ones are closed without a reply, which only the events report.
   */
  admit(candidate: Pick<Member, 'id' | 'peer'>): Place {
    this.#accepted++
    if (!this.#isFull(candidate)) return Place.Served
    if (this.#turnedAway < turnedAwayAtOnce) return Place.TurnedAway
    this.opened(candidate)
    if (channels.close.hasSubscribers) {
      const { id: connection, peer } = candidate
      const nothing = { requests: 0, bytesIn: 0, bytesOut: 0 }
      channels.close.publish({ server: this.server, connection, peer, reason: 'overload', ...nothing })
    }
    return Place.None
  }

  /** Counts something that was admitted, until {@link remove}. */
  enter(member: Member, place: Place): void {
    this.#isObserved = isObserved()
    this.open.add(member)
    this.#count(member, 1)
    if (place === Place.TurnedAway) this.#turnAway(member)
  }

  /** A handshake has revealed the address, which was unknown before. False: there is no place for it. */
  identify(pending: Member): boolean {
    const full = this.#isFull(pending)
    const hasPlace = !full || pending.turnedAway || this.#turnedAway < turnedAwayAtOnce
    this.#count(pending, 1)
    if (full) this.#turnAway(pending)
    return hasPlace
  }

  /** What came out of a handshake takes its place. */
  replace(pending: Member, member: Member): void {
    this.open.delete(pending)
    this.open.add(member)
    member.turnedAway = pending.turnedAway
  }

  remove(member: Member): void {
    if (!this.open.delete(member)) return
    this.#count(member, -1)
    if (member.turnedAway) this.#turnedAway--
    this.#look()
  }

  opened({ id, peer }: Pick<Member, 'id' | 'peer'>): void {
    if (channels.open.hasSubscribers) channels.open.publish({ server: this.server, connection: id, peer })
  }

  #isFull(place: { readonly peer: Peer }): boolean {
    const { connections: most, connectionsPerAddress } = this.limits
    if (most > 0 && this.open.size - this.#turnedAway >= most) return true
    if (this.overloaded) return true
    return (
      connectionsPerAddress > 0 && (this.#addresses.get(networkOf(place.peer.address)) ?? 0) >= connectionsPerAddress
    )
  }

  #turnAway(member: Member): void {
    if (!member.turnedAway) this.#turnedAway++
    member.turnedAway = true
  }

  /** Unix sockets have no address, and do not count by address. */
  #count(member: Member, change: 1 | -1): void {
    if (this.limits.connectionsPerAddress === 0) return
    const client = networkOf(member.peer.address)
    if (client === '') return
    const count = (this.#addresses.get(client) ?? 0) + change
    if (count === 0) this.#addresses.delete(client)
    else this.#addresses.set(client, count)
  }

  /**
   * Resolves after a turn of the event loop in which nothing was accepted, or after a short time in any case. The kernel completes
   * connections before we accept them, one per turn: those still waiting when the listener closes would be reset.
   */
  async acceptedAll(): Promise<void> {
    for (let turn = 0, before = -1; before !== this.#accepted && turn < 1000; turn++) {
      before = this.#accepted
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /**
   * Resolves when the last connection is gone.
   * @param closer one whose handler waits for that: it is not waited for while it has a request to answer, and neither are others
   * of its kind, for they would wait for each other.
   */
  empty(closer?: Member): Promise<void> {
    if (closer) this.#closers.add(closer)
    return new Promise((resolve) => {
      const look = (): void => {
        for (const member of this.open) if (!closer || !member.active || !this.#closers.has(member)) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      this.#look()
    })
  }

  #look(): void {
    for (const look of this.#waiting) look()
  }

  get stats(): { open: number; active: number } {
    let active = 0
    for (const connection of this.open) if (connection.active) active++
    return { open: this.open.size, active }
  }

  /** Gives `head` away to a connection whose head continues in bytes that have not arrived. */
  // decision 012
  lendHead(): RequestHead {
    const { head } = this
    this.head = this.#heads.pop() ?? new RequestHead(headLimits(this.limits))
    return head
  }

  giveHead(head: RequestHead): void {
    if (this.#heads.length < sparedHeads) this.#heads.push(head)
  }

  /** The reply to an error of the handler: made by `onError`, or a plain one; with the fields in `errorHeaders`. */
  errorReply(error: unknown, context: RequestContext, reporter: Reporter): MaybePromise<Reply> {
    const result = errorAnswer(this.#onError, error, context)
    if (result instanceof Promise || isSource(result.body)) return this.#completed(result, context, reporter)
    return context.complete(result)
  }

  async #completed(given: MaybePromise<Reply>, context: RequestContext, reporter: Reporter): Promise<Reply> {
    try {
      return context.complete(await begun(await given, context, reporter))
    } catch (second) {
      return context.complete(unhandled(second))
    }
  }

  /** An error that no reply can report any more: it goes to `onError`, or to standard error. */
  report(error: unknown, context: RequestContext | null): void {
    reportError(this.#onError, error, context)
  }

  /** The handler's reply cannot be sent: that is an error of the handler, unless it declares it the client's. */
  unsendable(error: unknown, context: RequestContext): Reply {
    if (errorFacts(error).status >= 500) this.report(error, context)
    return plainError(error)
  }

  /**
   * The answer to bytes that are not a valid request. @param _client that sent them. @param _rest how many bytes there are from the
   * offending one to the end of what has arrived.
   */
  parseErrorReply(code: ParseErrorCode, _client: Pick<Member, 'peer'>, _rest: number): Reply {
    return errorText(parseErrors[code].status, refusalText(code))
  }

  /** The content of a request turns out to be invalid. The parameters are those of {@link parseErrorReply}. */
  contentInvalid(_code: ParseErrorCode, _client: Pick<Member, 'peer'>, _rest: number): void {}

  /** @param method empty while it is not known. As it may be HEAD then, the reply has no content that a client could take for its next head. */
  timeoutReply(method: string, _client: Pick<Member, 'peer'>): Reply {
    return method === '' ? new Reply(null, 408) : errorText(408, 'The request head did not come in time')
  }

  /** The request as a whole took too long. @param sending whether the client has not sent all of it yet. */
  requestTimeoutReply(context: RequestContext, sending: boolean): Reply {
    return context.complete(errorText(sending ? 408 : 503, 'The request took too long'))
  }

  overloadReply(): Reply {
    const reply = errorText(503, 'The server is full')
    reply.headers.set('Retry-After', '1')
    return reply
  }

  #tick(): void {
    const { now } = this.clock
    this.#isObserved = isObserved()
    this.facts.written.dateLine = this.clock.dateLine
    for (const connection of this.open) connection.onTick(now)
    const { bufferedBytes } = this.limits
    this.#ledger.measure(this.open)
    for (const connection of this.#ledger.excess(bufferedBytes)) connection.relieve()
    this.overloaded = this.#ledger.total > bufferedBytes
  }
}
