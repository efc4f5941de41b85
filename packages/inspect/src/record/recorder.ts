// Turns lifecycle events of servers into events of the inspector.
import { type ConnectionEvents, type Peer, type Server, channels } from '@spillway/core'
import { parseErrors } from '@spillway/parser'
import { http2Faults } from '@spillway/parser/http2'
import type { Connection, Role, ServerEvent, WireEvent } from '../model/events.ts'
import { type LabState, apply, emptyState, find } from '../model/state.ts'
import type { Wire } from '../model/tape.ts'
import { ExchangeNotes } from './exchange-notes.ts'
import { type Pace, Pacer } from './pacer.ts'
import { StreamsLog } from '../model/streams-log.ts'
import { type TapeBounds, Tapes } from './tapes.ts'
import { webSocketMessages } from './web-socket.ts'

/** Most characters that are kept of a text from a client, such as its target. */
const textLength = 200

/** Who will connect from a port of this machine. */
interface Expected {
  readonly role: Role
  readonly label: string
  readonly found?: (connection: number) => void
}

/** What is recorded, and how much of it. */
export interface RecorderOptions {
  readonly bounds?: TapeBounds
  /** Default: everything is told. */
  readonly pace?: Pace
  /** Whether what handlers write to the console is heard; that costs something even when it has stopped. Default: no. */
  readonly console?: boolean
}

// decision 065
/** Turns the lifecycle events of a server, and of its successors, into those of the inspector, and keeps their state. */
export class Recorder {
  readonly state: LabState = emptyState()
  /** The time of day when the clock of the events began. */
  readonly epoch: number = Date.now()
  readonly #zero = performance.now()
  readonly tapes: Tapes
  readonly #streams: StreamsLog = new StreamsLog()
  readonly #notes: ExchangeNotes
  readonly #servers: Set<Server> = new Set()
  /** The servers that are known and have not closed. */
  readonly #running: Set<Server> = new Set()
  #met: () => void = () => {}
  #watches: (server: Server) => boolean = (server) => this.#servers.has(server)
  readonly #emit: (event: WireEvent) => void
  readonly #expected: Map<string, Expected> = new Map()
  readonly #byPeer: Map<string, number> = new Map()
  /** Connections that wait for a request while their last reply is still being sent, with its exchange. */
  readonly #idling: Map<number, number> = new Map()
  /** Connections whose next byte is the first of a request. */
  readonly #awaiting: Set<number> = new Set()
  /** Connections in the middle of a head. */
  readonly #inHead: Set<number> = new Set()
  /** Functions that unsubscribe from events that are always reported, and from those that a {@link Pace} may leave out. */
  readonly #stops: (() => void)[]
  #details: (() => void)[] = []
  readonly #pacer: Pacer | undefined

  /** Hears of the servers that it {@link watch}es, until {@link stop}. */
  constructor(emit: (event: WireEvent) => void, { bounds, pace, console = false }: RecorderOptions = {}) {
    this.#emit = emit
    this.tapes = new Tapes(bounds)
    this.#notes = new ExchangeNotes(this.#zero, this.epoch, console)
    const both = { pause: () => this.#pauseDetails(), resume: () => this.#resumeDetails() }
    this.#pacer = pace && new Pacer(pace, () => this.now(), both)
    this.#stops = [
      this.#on('open', (event) => this.#opened(event.connection, event.peer)),
      this.#on('refused', (event) => this.#refused(event)),
      this.#on('close', (event) => this.#closed(event)),
    ]
    this.#hearDetails()
  }

  #hearDetails(): void {
    this.#notes.hear()
    this.#details = [
      this.#detail('head', ({ connection }) => this.#inHead.add(connection)),
      this.#detail('request', ({ connection, exchange, context, method, target, httpVersion, headBytes }) => {
        this.#notes.begin(connection, exchange, context)
        this.#idling.delete(connection)
        this.#awaiting.delete(connection)
        this.#inHead.delete(connection)
        this.#meet(connection)
        this.#record({
          type: 'request',
          at: this.now(),
          connection,
          exchange,
          method: method.slice(0, textLength),
          target: target.slice(0, textLength),
          version: httpVersion,
          bytes: headBytes,
        })
      }),
      this.#detail('reply', ({ connection, exchange, status, persist }) =>
        this.#record({ type: 'reply', at: this.now(), connection, exchange, status, persist }),
      ),
      this.#detail('end', (event) => this.#ended(event)),
      this.#detail('idle', (event) => this.#idle(event.connection, event.exchange)),
      this.#detail('bytes', (event) => this.#bytes(event)),
      this.#detail('fin', ({ connection, by }) => this.#record({ type: 'fin', at: this.now(), connection, by })),
    ]
  }

  #detail<K extends keyof ConnectionEvents>(name: K, listener: (event: ConnectionEvents[K]) => void): () => void {
    return this.#on(name, (event) => {
      listener(event)
      this.#pacer?.count()
    })
  }

  /** Too much has happened to be reported individually: the rest of the window is left out. */
  #pauseDetails(): void {
    for (const stop of this.#details) stop()
    this.#details = []
    this.#notes.rest()
    this.#idling.clear()
    this.#awaiting.clear()
    this.#inHead.clear()
    this.#record({ type: 'gap', at: this.now(), connection: 0, what: 'begins' })
  }

  #resumeDetails(): void {
    for (const connection of this.state.open.keys()) {
      this.tapes.miss(connection)
      this.#streams.miss(connection)
    }
    this.#record({ type: 'gap', at: this.now(), connection: 0, what: 'ends' })
    this.#hearDetails()
  }

  /** The server that accepted a connection last. */
  latest: Server | undefined

  /** Watches every server of the process, except some. @param met is called when the latest server is a different one than before. */
  watchAll(isOwn: (server: Server) => boolean, met: () => void): void {
    this.#watches = (server) => !isOwn(server)
    this.#met = met
  }

  /** Whether all servers that were known have closed, and there was at least one. */
  get isOver(): boolean {
    for (const server of this.#running) if (server.closing && server.stats.open === 0) this.#running.delete(server)
    return this.latest !== undefined && this.#running.size === 0
  }

  /** Adds a server to those that are watched. */
  watch(server: Server): void {
    this.#servers.add(server)
  }

  /** Something happened to a server. Nothing more is heard from one that is gone. */
  server(what: ServerEvent['what'], server: Server): void {
    if (what === 'drained') this.#servers.delete(server)
    this.#record({ type: 'server', at: this.now(), connection: 0, what })
  }

  /** Milliseconds on the clock of the events. */
  now(): number {
    return Math.round((performance.now() - this.#zero) * 1000) / 1000
  }

  /** The number of the open connection from a peer, 0 when there is none. */
  connectionOf(peer: Peer): number {
    return this.#byPeer.get(peerText(peer)) ?? 0
  }

  /**
   * Says who the connection from a peer is, whether it has already been accepted or not.
   * @param found is told its number.
   */
  mark(peer: Peer, role: Role, label: string = '', found?: (connection: number) => void): void {
    const connection = this.connectionOf(peer)
    if (connection === 0) {
      this.#expected.set(peerText(peer), { role, label, ...(found && { found }) })
      return
    }
    found?.(connection)
    this.#record({ type: 'mark', at: this.now(), connection, role, label })
  }

  /** Undoes {@link mark} for a connection that was never accepted. */
  unmark(peer: Peer): void {
    this.#expected.delete(peerText(peer))
  }

  /** What is known about the bytes of a connection. */
  wire(connection: number): Wire {
    const streams = this.#streams.read(connection)
    const exchanges = this.#known(connection)?.exchanges ?? []
    const notes = this.#notes.read(
      connection,
      exchanges.map(({ exchange }) => exchange),
    )
    const segments = this.tapes.read(connection)
    return { connection, segments, notes, messages: webSocketMessages(segments), ...(streams && { streams }) }
  }

  #known(connection: number): Connection | undefined {
    return this.state.open.get(connection) ?? this.state.closed.findLast(({ id }) => id === connection)
  }

  stop(): void {
    this.#pacer?.stop()
    for (const stop of [...this.#stops, ...this.#details]) stop()
    this.#notes.stop()
  }

  #on<K extends keyof ConnectionEvents>(name: K, listener: (event: ConnectionEvents[K]) => void): () => void {
    const channel = channels[name]
    const own = (event: ConnectionEvents[K]) => {
      if (!this.#watches(event.server)) return
      if (this.latest !== event.server) {
        this.latest = event.server
        this.#running.add(event.server)
        this.#met()
      }
      listener(event)
    }
    channel.subscribe(own)
    return () => channel.unsubscribe(own)
  }

  #opened(connection: number, from: Peer): void {
    const peer = peerText(from)
    const { role, label, found }: Expected = this.#expected.get(peer) ?? { role: 'visitor', label: '' }
    found?.(connection)
    this.#expected.delete(peer)
    this.#byPeer.set(peer, connection)
    this.#awaiting.add(connection)
    this.#record({ type: 'open', at: this.now(), connection, peer, role, label })
  }

  /** A connection that existed before anybody listened. */
  #meet(connection: number): void {
    if (this.state.open.has(connection)) return
    this.#record({ type: 'open', at: this.now(), connection, peer: 'from before', role: 'visitor', label: '' })
  }

  #ended({ connection, exchange, outcome, context }: ConnectionEvents['end']): void {
    this.#notes.end(context)
    const at = this.now()
    const known = this.state.open.get(connection)
    const begun = known && find(known, exchange)
    this.#record({
      type: 'end',
      at,
      connection,
      exchange,
      status: outcome.status,
      bytes: outcome.bytes,
      ms: begun ? at - begun.at : 0,
      ...(outcome.kind === 'aborted' && { aborted: outcome.by }),
      ...(context.route !== '' && { route: context.route.slice(0, textLength) }),
    })
    if (this.#idling.get(connection) !== exchange) return
    this.#idling.delete(connection)
    this.#kept(connection, exchange, at)
  }

  #refused({ connection, code, status, offset }: ConnectionEvents['refused']): void {
    const { message, rfc } = { ...parseErrors, ...http2Faults }[code]
    // Within content, bytes are counted from its beginning.
    const head = this.#inHead.has(connection) ? 0 : (this.state.open.get(connection)?.exchanges.at(-1)?.bytesIn ?? 0)
    this.#record({ type: 'refused', at: this.now(), connection, code, status, offset: head + offset, message, rfc })
  }

  #bytes({ connection, direction, bytes }: ConnectionEvents['bytes']): void {
    const at = this.now()
    this.tapes.record(connection, direction, bytes, at, (this.state.open.get(connection)?.requests ?? 0) + 1)
    this.#streams.record(connection, direction, bytes, at)
    if (direction === 'in' && this.#awaiting.delete(connection)) this.#record({ type: 'head', at, connection })
  }

  #kept(connection: number, exchange: number, at: number): void {
    this.#awaiting.add(connection)
    this.tapes.cut(connection)
    this.#record({ type: 'idle', at, connection, exchange })
  }

  /** Core is ready for the next request before the last reply has been sent; viewers want to hear about the reply first. */
  #idle(connection: number, exchange: number): void {
    const known = this.state.open.get(connection)
    const ended = !known || find(known, exchange)?.endedAt !== undefined
    if (ended) this.#kept(connection, exchange, this.now())
    else this.#idling.set(connection, exchange)
  }

  #closed({ connection, reason, requests, bytesIn, bytesOut }: ConnectionEvents['close']): void {
    const peer = this.state.open.get(connection)?.peer
    if (peer !== undefined && this.#byPeer.get(peer) === connection) this.#byPeer.delete(peer)
    this.#idling.delete(connection)
    this.#awaiting.delete(connection)
    this.#inHead.delete(connection)
    const forgotten = this.tapes.close(connection)
    if (forgotten !== undefined) this.#streams.forget(forgotten)
    this.#record({ type: 'close', at: this.now(), connection, reason, requests, bytesIn, bytesOut })
  }

  #record(event: WireEvent): void {
    apply(this.state, event)
    this.#emit(event)
  }
}

function peerText({ address, port }: Peer): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
