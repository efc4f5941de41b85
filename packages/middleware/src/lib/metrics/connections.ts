// Metrics of connections.
import { type ConnectionEvents, type Server, channels, printError } from '@spillway/core'
import { atOnce } from '../layers/at-once.ts'
import { Counter, type Family, Gauge, Histogram } from './families.ts'

type Events = Pick<ConnectionEvents, 'open' | 'head' | 'request' | 'reply' | 'end' | 'idle' | 'refused' | 'close'>

/** Bounds in seconds, from the duration of a cached reply to that of an upload. */
export const timeBounds: readonly number[] = [0.0001, 0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const countBounds = [1, 2, 5, 10, 25, 100, 1000]

/** What is known about an open connection. */
interface Open {
  /** Since when it has been waiting for a request, and in which phase; undefined while it has one. */
  waiting: { readonly since: number; readonly phase: 'connect' | 'idle' } | undefined
  /** When the head that is being read began. */
  head: number | undefined
  /** When the current phase of each exchange began. */
  readonly exchanges: Map<number, number>
  bytesIn: number
  bytesOut: number
}

/** Metrics of connections, from the events of core. */
export class ConnectionMetrics {
  readonly #server: (() => Server | undefined) | undefined
  readonly #open: Map<number, Open> = new Map()
  readonly #accepted = new Counter('spillway_connections_accepted', 'Connections that were accepted.')
  readonly #closed = new Counter('spillway_connections_closed', 'Connections that ended, by the cause.', ['reason'])
  readonly #perConnection = new Histogram(
    'spillway_connection_requests',
    'Requests of connections that ended.',
    countBounds,
  )
  readonly #reused = new Counter('spillway_reused_connection_requests', 'Requests that were not the first one.')
  readonly #parseErrors = new Counter('spillway_parse_errors', 'Messages that could not be parsed.', ['code'])
  readonly #phases = new Histogram('spillway_phase_seconds', 'Time spent in each phase.', timeBounds, ['phase'])
  readonly #received = new Counter('spillway_received_bytes', 'Bytes that came in.')
  readonly #sent = new Counter('spillway_sent_bytes', 'Bytes that went out.')
  readonly #connectTime = this.#phases.of('connect')
  readonly #idleTime = this.#phases.of('idle')
  readonly #headTime = this.#phases.of('head')
  readonly #handlerTime = this.#phases.of('handler')
  readonly #replyTime = this.#phases.of('reply')
  readonly families: readonly Family[]
  readonly #stops: (() => void)[]

  readonly #withPhases: boolean

  /**
   * @param server the one whose connections are counted; undefined for all of the process.
   * @param withPhases whether each request is followed, and not only each connection.
   */
  constructor(server: (() => Server | undefined) | undefined, withPhases: boolean) {
    this.#server = server
    this.#withPhases = withPhases
    const open = new Gauge('spillway_connections_open', 'Connections that are open.', () => this.#open.size)
    const connections = [open, this.#accepted, this.#closed, this.#perConnection, this.#reused]
    const phases = withPhases ? [this.#phases] : []
    this.families = [...connections, this.#parseErrors, ...phases, this.#received, this.#sent]
    this.#stops = [
      this.#on('open', (event) => this.#opened(event)),
      this.#on('refused', ({ code }) => this.#parseErrors.add(1, code)),
      this.#on('close', (event) => this.#gone(event)),
    ]
    if (!withPhases) return
    this.#stops.push(
      this.#on('head', (event) => this.#headBegun(event)),
      this.#on('request', (event) => this.#requested(event)),
      this.#on('reply', (event) => this.#next(event, 'handler')),
      this.#on('end', (event) => this.#ended(event)),
      this.#on('idle', ({ connection }) => this.#wait(this.#open.get(connection), 'idle')),
    )
  }

  stop(): void {
    for (const stop of this.#stops) stop()
  }

  #on<K extends keyof Events>(name: K, react: (event: Events[K]) => void): () => void {
    const channel = channels[name] as { subscribe(f: typeof listener): void; unsubscribe(f: typeof listener): boolean }
    const listener = (event: Events[K]): void => {
      try {
        if (this.#isCounted(event.server)) react(event)
      } catch (error) {
        report(error)
      }
    }
    channel.subscribe(listener)
    return () => void channel.unsubscribe(listener)
  }

  #isCounted(server: Server): boolean {
    return this.#server === undefined || server === atOnce(this.#server(), '`server`')
  }

  #opened({ connection }: Events['open']): void {
    this.#accepted.add(1)
    const open: Open = { waiting: undefined, head: undefined, exchanges: new Map(), bytesIn: 0, bytesOut: 0 }
    this.#open.set(connection, open)
    this.#wait(open, 'connect')
  }

  #wait(open: Open | undefined, phase: 'connect' | 'idle'): void {
    if (open) open.waiting = { since: performance.now(), phase }
  }

  #headBegun({ connection }: Events['head']): void {
    const open = this.#open.get(connection)
    if (!open) return
    open.head = performance.now()
    this.#waited(open, open.head)
  }

  #waited(open: Open, now: number): void {
    const { waiting } = open
    if (waiting)
      this.#phases.observeIn(
        waiting.phase === 'idle' ? this.#idleTime : this.#connectTime,
        (now - waiting.since) / 1000,
      )
    open.waiting = undefined
  }

  #requested({ connection, exchange, headBytes }: Events['request']): void {
    if (exchange > 1) this.#reused.add(1)
    const open = this.#open.get(connection)
    if (!open) return
    const now = performance.now()
    // HTTP/2 heads arrive complete, so the connection was waiting until now.
    this.#waited(open, now)
    if (open.head !== undefined) this.#phases.observeIn(this.#headTime, (now - open.head) / 1000)
    open.head = undefined
    open.exchanges.set(exchange, now)
    open.bytesIn += headBytes
    this.#received.add(headBytes)
  }

  /** A phase of an exchange ends, and the next one begins. */
  #next({ connection, exchange }: { connection: number; exchange: number }, phase: 'handler' | 'reply'): void {
    const exchanges = this.#open.get(connection)?.exchanges
    const since = exchanges?.get(exchange)
    if (since === undefined) return
    const now = performance.now()
    this.#phases.observeIn(phase === 'handler' ? this.#handlerTime : this.#replyTime, (now - since) / 1000)
    exchanges!.set(exchange, now)
  }

  #ended(event: Events['end']): void {
    const { connection, exchange, outcome } = event
    const open = this.#open.get(connection)
    if (!open) return
    // An exchange without a reply spent all its time in its handler.
    this.#next(event, outcome.status === 0 ? 'handler' : 'reply')
    open.exchanges.delete(exchange)
    open.bytesOut += outcome.bytes
    this.#sent.add(outcome.bytes)
  }

  /** Only now is it known how many bytes there were in addition to heads and replies. */
  #gone({ connection, reason, requests, bytesIn, bytesOut }: Events['close']): void {
    const open = this.#open.get(connection)
    this.#open.delete(connection)
    this.#closed.add(1, reason)
    this.#perConnection.observe(requests)
    if (!this.#withPhases) this.#reused.add(Math.max(0, requests - 1))
    this.#received.add(Math.max(0, bytesIn - (open?.bytesIn ?? 0)))
    this.#sent.add(Math.max(0, bytesOut - (open?.bytesOut ?? 0)))
  }
}

/** A channel subscriber that throws would end the process. */
function report(error: unknown): void {
  printError('metrics', error)
}
