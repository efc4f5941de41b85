// What the page knows about the server.
import type { Connection, ServerFacts, Snapshot, WireEvent } from '../../src/model/events.ts'
import { formatTime } from '../../src/model/format.ts'
import type { Recording } from '../../src/model/recording.ts'
import { type LabState, apply, emptyState, thaw } from '../../src/model/state.ts'
import type { Wire } from '../../src/model/tape.ts'

/** Seconds over which the rate of requests is averaged. */
const rateSeconds = 5

/** What the page knows: the server's state after its latest event, and the server's clock. */
export class Store {
  state: LabState = emptyState()
  /** The connection over which the events arrive. */
  you = 0
  server: ServerFacts = { url: location.origin, keepAliveMs: 0, headMs: 0, control: true }
  /** The time of day when the server's clock began. */
  epoch = 0
  /** The recording that is shown in place of a server. */
  recording: Recording | undefined = undefined
  /** What to add to the page's clock to get the server's. */
  #ahead = 0
  /** The number of requests so far, second by second, the latest last. */
  #counts: { readonly at: number; readonly requests: number }[] = []

  take(snapshot: Snapshot): void {
    this.state = thaw(snapshot)
    this.you = snapshot.you
    this.server = snapshot.server
    this.epoch = snapshot.epoch
    this.#ahead = snapshot.now - performance.now()
  }

  /** Shows a file from now on; the clock stands still at its end. */
  show(recording: Recording): void {
    this.recording = recording
    this.state = recording.state
    this.epoch = recording.epoch
    this.you = 0
    this.server = { ...this.server, url: '', control: true }
  }

  /** The bytes of a connection; undefined if they are no longer known. */
  async wire(connection: number): Promise<Wire | undefined> {
    if (this.recording) return this.recording.wire(connection)
    const response = await fetch(`api/wire/${connection}`).catch(() => undefined)
    return response?.ok ? ((await response.json()) as Wire) : undefined
  }

  apply(events: readonly WireEvent[]): void {
    for (const event of events) apply(this.state, event)
  }

  /** The server's clock, in milliseconds. */
  now(): number {
    return this.recording?.now ?? performance.now() + this.#ahead
  }

  /** Sets since when nothing is known about the server. */
  away(at: number | undefined): string {
    if (at === undefined || this.epoch === 0) return 'Server away'
    return `Server away since ${formatTime(this.epoch + at).slice(0, 8)}`
  }

  /** Recent requests per second. */
  rate(): number {
    const at = this.now()
    const { requests } = this.state.totals
    const last = this.#counts.at(-1)
    if (!last || at - last.at >= 1000) this.#counts.push({ at, requests })
    if (this.#counts.length > rateSeconds) this.#counts.shift()
    const first = this.#counts[0]!
    return at - first.at < 500 ? 0 : Math.max(0, (requests - first.requests) / ((at - first.at) / 1000))
  }

  find(id: number): Connection | undefined {
    return this.state.open.get(id) ?? this.state.closed.findLast((connection) => connection.id === id)
  }
}

/** Who is at the other end, in a word or two; empty when unknown. */
export function roleText(connection: Pick<Connection, 'id' | 'role' | 'label'>, you: number): string {
  if (connection.id === you) return 'this page'
  if (connection.role === 'viewer') return 'another page'
  return connection.label
}
