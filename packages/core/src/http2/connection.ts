import { parseErrors } from '@spillway/parser'
import {
  ErrorCode,
  Http2Machine,
  type Http2Request,
  type Http2Stream,
  MachineEvent,
  http2Faults,
} from '@spillway/parser/http2'
import type { Waiter } from '../exchange/dispatch.ts'
import type { AbortedBy } from '../exchange/errors.ts'
import type { Reply } from '../exchange/reply.ts'
import type { Scope } from '../exchange/scope.ts'
import { ConnectionLog } from '../server/connection-log.ts'
import type { CloseReason } from '../server/events.ts'
import { http2Limits } from '../server/options.ts'
import type { Member, ServerCore } from '../server/server-core.ts'
import { lingerBytes, shutdownGrace } from '../server/shutdown.ts'
import { StallWatch } from '../server/stall-watch.ts'
import { decodeLatin1 } from '../transport/bytes.ts'
import type { Holding } from '../transport/holding.ts'
import type { Peer, Transport, TransportSink } from '../transport/transport.ts'
import { Http2Deadlines } from './deadlines.ts'
import { Http2Exchange, type Http2Owner } from './exchange.ts'
import { Http2Output } from './output.ts'
import { ReplyHeads } from './reply-heads.ts'
import { planHttp2 } from './reply-plan.ts'

/** Most handlers running for one connection, including those of streams that were reset, for each stream that it may have. */
const handlersPerStream = 2
/** The highest possible stream: in a GOAWAY it means that the last one has not been decided yet (RFC 9113 §6.8). */
const anyStream = 2 ** 31 - 1
/** When more bytes than this wait for the client, nothing more is read: it is not taking its responses. */
const mostUnsent = 192 * 1024

/** The stage of a connection's life. */
const State = {
  Open: 0,
  /** The last stream has been decided; the remaining ones are answered. */
  Leaving: 1,
  /** Our side has ended. */
  Ended: 2,
} as const
type State = (typeof State)[keyof typeof State]

/**
 * Drives one HTTP/2 connection: feeds bytes to the state machine, passes its events to exchanges, and sends frames. The
 * machine decides what is legal, `reply-plan` what a reply looks like, `output` which stream sends next.
 */
export class Http2Connection implements Member, Http2Owner, TransportSink {
  readonly log: ConnectionLog
  readonly machine: Http2Machine
  readonly heads: ReplyHeads
  turnedAway: boolean = false
  scope: Scope = undefined
  waiter: Waiter | undefined = undefined
  draining: boolean = false
  readonly #core: ServerCore
  readonly #transport: Transport
  readonly #output: Http2Output
  #peer: Peer | undefined
  #state: State = State.Open
  /** Handlers that have not returned. */
  #handlers = 0
  /** Whether the event that it waits for another request has been published. */
  #isIdle = true
  #peerEnded = false
  #isPaused = false
  #cutBy: AbortedBy = 'peer'
  readonly #deadlines: Http2Deadlines
  /** Watches whether the client takes any of what waits for it. */
  readonly #stall: StallWatch
  #bytesIn = 0
  #lingered = 0

  constructor(core: ServerCore, transport: Transport, id: number) {
    this.log = new ConnectionLog(core.server, id)
    this.machine = new Http2Machine('server', http2Limits(core.limits), decodeLatin1)
    this.heads = new ReplyHeads(this.machine, core.clock)
    this.#core = core
    this.#transport = transport
    this.#output = new Http2Output(this.machine, transport, this)
    this.#stall = new StallWatch(core.clock, core.timeouts.writeStall, transport)
    this.#deadlines = new Http2Deadlines(core)
    transport.attach(this)
  }

  /** Announces the server's settings. */
  begin(): void {
    this.machine.start()
    this.#output.flush()
  }

  get id(): number {
    return this.log.id
  }

  get peer(): Peer {
    return (this.#peer ??= this.#transport.peer)
  }

  get active(): boolean {
    return this.machine.streams.size > 0
  }

  get moved(): number {
    return this.#bytesIn + this.#output.total - this.#transport.bufferedBytes
  }

  held(holding: Holding): number {
    let bytes = this.#output.pending
    for (const stream of this.machine.streams) bytes += ownerOf(stream)?.held(holding) ?? 0
    return bytes
  }

  // ── events of the transport ────────────────────────────────────────────────────────────────────────────────────

  onData(chunk: Uint8Array): void {
    this.#bytesIn += chunk.length
    if (this.#state === State.Ended) return this.#drop(chunk.length)
    const { machine } = this
    this.#output.hold()
    for (let event, p = 0; (event = machine.next(chunk, p, chunk.length)) !== MachineEvent.More; p = machine.pos) {
      this.#take(event, chunk)
      if ((this.#state as State) === State.Ended) return
    }
    this.#deadlines.part(machine.unfinished)
    this.#output.flush()
  }

  onDrain(): void {
    this.#output.drained()
    this.#output.flush()
  }

  onEnd(): void {
    this.#peerEnded = true
    if (this.#state === State.Ended) return
    // Ending in the middle of a message or a frame is not a normal end (RFC 9113 §8.1).
    let isHalf = this.machine.unfinished !== 0
    for (const stream of this.machine.streams) if (ownerOf(stream)?.onPeerEnd()) isHalf = true
    if (isHalf) this.log.because('client-gone')
    this.#leave('client-closed')
    // Also when it was about to end before: most clients say GOAWAY first.
    this.#deadlines.awaitReplies(this.moved)
  }

  onClose(error?: Error): void {
    if (error) this.log.failed(error, this.#peerEnded)
    else if (this.active) this.log.because('client-gone')
    this.#state = State.Ended
    this.#abortAll(this.#cutBy, error)
    this.#output.close(false)
    this.#core.remove(this)
    this.log.close(this, this.#bytesIn, this.#output.total)
  }

  // ── incoming ───────────────────────────────────────────────────────────────────────────────────────────────────

  #take(event: MachineEvent, chunk: Uint8Array): void {
    const { machine } = this
    const stream = machine.stream!
    switch (event) {
      case MachineEvent.Head:
        return this.#onHead(stream, stream.head as Http2Request)
      case MachineEvent.Content:
        return this.#onContent(stream, chunk.subarray(machine.dataStart, machine.dataEnd))
      case MachineEvent.End:
        return ownerOf(stream)?.onEnd(machine.trailers)
      case MachineEvent.Window:
        return this.#onWindow(machine.stream)
      case MachineEvent.Settings:
        return this.#onWindow(undefined)
      case MachineEvent.Reset:
        return this.#onReset(stream)
      case MachineEvent.RefusedHead:
        return this.#onRefusedHead(stream)
      case MachineEvent.Goaway:
        return this.#leave('client-closed')
      case MachineEvent.Pong:
        if (this.draining) this.#leave('shutdown')
        return
      default:
        this.#onFault()
    }
  }

  #onHead(stream: Http2Stream, head: Http2Request): void {
    const core = this.#core
    if (this.turnedAway) {
      this.#answer(stream, core.overloadReply())
      return this.#leave('overload')
    }
    if (this.#handlers >= handlersPerStream * this.machine.limits.streams) return this.machine.refuse(stream)
    this.#handlers++
    this.#isIdle = false
    const exchange = new Http2Exchange(core, this, stream, head, ++this.log.requests)
    stream.owner = exchange
    core.answering = this
    exchange.begin(head)
    core.answering = undefined
    // Identifiers are never used again.
    if (this.log.requests === core.limits.requestsPerConnection || stream.id >= anyStream - 2)
      this.#leave('max-requests')
  }

  /** Content of a request that no handler sees is dropped. @param content lent. */
  #onContent(stream: Http2Stream, content: Uint8Array): void {
    const exchange = ownerOf(stream)
    if (exchange) exchange.onData(content)
    else this.machine.release(stream, content.length)
  }

  #onRefusedHead(stream: Http2Stream): void {
    const code = this.machine.refusal!
    this.log.refused(this, code, parseErrors[code].status, this.machine.faultOffset)
    this.#answer(stream, this.#core.parseErrorReply(code, this, 0))
  }

  /** Answers a request that no handler sees. */
  #answer(stream: Http2Stream, reply: Reply): void {
    const { length, content } = planHttp2(reply, '')
    this.heads.write(stream, reply, length, false)
    // Too short to fill a window; if the window has been made smaller, the rest is not worth waiting for.
    const size = Math.max(0, Math.min(content!.length, this.machine.room(stream)))
    this.machine.data(stream, content!, 0, size, size === content!.length)
    if (stream.openIn || stream.openOut) this.refuseContent(stream)
  }

  /** The client accepts more: on one stream, or on all that are waiting. */
  #onWindow(stream: Http2Stream | undefined): void {
    if (stream === undefined) {
      for (const each of this.machine.streams) if (ownerOf(each)?.isWaiting) this.machine.order.add(each)
    } else if (ownerOf(stream)?.isWaiting) this.machine.order.add(stream)
  }

  #onReset(stream: Http2Stream): void {
    const { fault, faultOffset } = this.machine
    if (fault !== undefined) this.log.refused(this, fault, 400, faultOffset)
    ownerOf(stream)?.abort('peer')
  }

  #onFault(): void {
    const { fault, faultOffset } = this.machine
    this.log.refused(this, fault!, 400, faultOffset)
    const isAbuse = http2Faults[fault!].error === ErrorCode.EnhanceYourCalm
    this.#end('peer', isAbuse ? 'abuse' : 'parse-error')
  }

  // ── outgoing ───────────────────────────────────────────────────────────────────────────────────────────────────

  get isFree(): boolean {
    return this.#output.isFree
  }

  ready(stream: Http2Stream): void {
    this.#output.ready(stream)
  }

  scheduleFlush(): void {
    this.#output.scheduleFlush()
  }

  refuseContent(stream: Http2Stream): void {
    this.#output.refuseContent(stream)
  }

  handled(): void {
    this.#handlers--
  }

  finished(exchange: Http2Exchange): void {
    this.#output.finished(exchange)
  }

  /** An exchange is over. */
  ended(): void {
    if (!this.active) this.#output.scheduleFlush()
  }

  // ── ending ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Called after everything that may have been the last action. */
  flushed(): void {
    this.#throttle()
    if (this.active || this.#isIdle || this.#state === State.Ended) return
    if (this.#output.finishing) return
    this.#isIdle = true
    if (this.#state === State.Leaving) return this.#end('peer')
    this.#deadlines.at = this.#core.idleDeadline()
    this.log.idle()
  }

  /** A client that does not take its responses is not read from; but only reading shows whether it is still there. */
  #throttle(): void {
    const isFull = this.#output.pending > mostUnsent
    if (isFull === this.#isPaused) return
    this.#isPaused = isFull
    this.#deadlines.pause(isFull)
    if (isFull) this.#transport.pause()
    else this.#transport.resume()
  }

  /** Accepts no further requests; the connection ends with the last reply. */
  #leave(reason: CloseReason): void {
    if (this.#state !== State.Open) return
    this.log.planned(reason)
    this.#state = State.Leaving
    this.machine.goaway(this.machine.streams.lastIn, ErrorCode.NoError)
    this.#deadlines.at = 0
    this.#isIdle = false
    this.#output.scheduleFlush()
  }

  /**
   * The only way in which a connection ends, whoever ends it and why: incomplete exchanges are aborted, output that is ready
   * is sent, and the socket closes, even if handlers are still running.
   * @param reason if it does not end as planned.
   */
  #end(by: AbortedBy, reason?: CloseReason): void {
    if (this.#state === State.Ended) return
    if (reason) this.log.because(reason)
    this.#state = State.Ended
    this.#cutBy = by
    this.#abortAll(by)
    this.#output.close(true)
    this.#transport.flushed((ok) => {
      if (ok) this.log.over()
    })
    this.#transport.end()
    if (this.#isPaused) this.#transport.resume()
    this.#deadlines.at = this.#core.clock.after(this.#core.timeouts.linger)
  }

  #abortAll(by: AbortedBy, error?: Error): void {
    for (const stream of this.machine.streams) ownerOf(stream)?.abort(by, error)
  }

  /** What arrives after the end is read and dropped: if bytes were left unread, the system would send a reset, and our last frames could be lost. */
  #drop(bytes: number): void {
    this.#lingered += bytes
    if (this.#lingered > lingerBytes) this.#transport.destroy()
  }

  /** Announces the end, and a little later which request was the last. */
  shutdown(): void {
    if (this.#state === State.Ended) return
    this.draining = true
    for (const stream of this.machine.streams) ownerOf(stream)?.shutdown()
    if (this.#state !== State.Open) return
    const { out } = this.machine
    this.machine.goaway(anyStream, ErrorCode.NoError)
    out.ping(farewell, 0, 0)
    this.#deadlines.at = this.#core.clock.after(shutdownGrace)
    this.#output.scheduleFlush()
  }

  /** Shutdown's deadline has passed. */
  kill(): void {
    this.#cut('shutdown')
  }

  relieve(): void {
    this.#cut('memory')
  }

  #cut(by: 'shutdown' | 'memory'): void {
    this.log.because(by)
    if (this.#state !== State.Ended)
      for (const stream of this.machine.streams) {
        ownerOf(stream)?.abort(by)
        this.machine.reset(stream, ErrorCode.Cancel)
      }
    this.#end(by, by)
    // The last frames are sent as far as that is possible at once.
    setImmediate(() => this.#transport.destroy())
  }

  // ── deadlines ──────────────────────────────────────────────────────────────────────────────────────────────────

  onTick(now: number): void {
    const deadlines = this.#deadlines
    if (this.#state === State.Ended) {
      if (now >= deadlines.at) this.#transport.destroy()
      return
    }
    const { machine } = this
    machine.ledger.refill(this.#core.clock.interval)
    for (const stream of machine.streams) ownerOf(stream)?.onTick(now)
    switch (deadlines.overdue(now, machine.unacknowledged)) {
      case 'settings':
        return this.#give(ErrorCode.SettingsTimeout, 'head-timeout')
      case 'reading':
        return this.#give(ErrorCode.EnhanceYourCalm, 'abuse')
      case 'frame':
        return this.#give(ErrorCode.NoError, 'head-timeout')
      default:
        this.#watchProgress(now)
        if (deadlines.isDue(now)) this.#expire()
    }
  }

  /** Ends the connection with this error, which tells the client why. */
  #give(error: ErrorCode, reason: CloseReason): void {
    this.machine.goaway(this.machine.streams.lastIn, error)
    this.#end('timeout', reason)
  }

  /**
   * The client has to take some of what there is for it, on whichever stream: a single stalled stream does not mean that the client
   * is gone. When the connection takes bytes but streams do not, only those streams end.
   */
  #watchProgress(now: number): void {
    const { pending, total } = this.#output
    const waiting = [...this.machine.streams].filter((stream) => ownerOf(stream)?.isWaiting)
    // A client that has ended its side no longer opens windows.
    if (this.#peerEnded && pending === 0)
      for (const stream of waiting)
        if (this.machine.room(stream) <= 0) {
          this.log.because('client-gone')
          ownerOf(stream)!.cut('peer', ErrorCode.Cancel)
        }
    if (pending === 0 && waiting.length === 0) return this.#stall.end()
    if (!this.#stall.isStuck(now, total - pending)) return
    if (pending > 0) return this.#end('timeout', 'write-timeout')
    for (const stream of waiting) ownerOf(stream)!.cut('timeout', ErrorCode.Cancel)
    this.#stall.end()
  }

  #expire(): void {
    this.#deadlines.at = 0
    if (this.#state === State.Open) {
      const waited = this.log.requests === 0 ? 'head-timeout' : 'keep-alive-timeout'
      this.#leave(this.draining ? 'shutdown' : waited)
    }
    // Behind the client's end nothing has moved for long; what moves begins anew, and what waits to leave has a clock of its own.
    else if (this.#deadlines.isQuiet(this.moved) && this.#output.pending === 0) this.#end('peer', 'client-gone')
    else this.#deadlines.awaitReplies(this.moved)
  }
}

/** The content of the PING before the end. */
const farewell: Uint8Array = Buffer.from('farewell')

function ownerOf(stream: Http2Stream): Http2Exchange | undefined {
  return stream.owner as Http2Exchange | undefined
}
