import type { Connection } from '../../src/model/events.ts'
import type { Wire } from '../../src/model/tape.ts'
import type { Store } from './store.ts'

/** The bytes of a connection, fetched when something has happened on it. */
export class WireOf {
  wire: Wire | undefined = undefined
  /** Which segment is shown, counted back from the last one. */
  back = 0
  readonly #connection: number
  readonly #store: Store
  readonly #changed: () => void
  #seen = ''

  /** @param changed is called when there is something new to show. */
  constructor(connection: number, store: Store, changed: () => void) {
    this.#connection = connection
    this.#store = store
    this.#changed = changed
  }

  /** Fetches again if something has happened on the connection since. */
  follow(connection: Connection | undefined): void {
    // Flow-control windows and messages change without an event.
    const { streams, messages = [] } = this.wire ?? {}
    const isOpen = streams?.streams.some(({ closedAt }) => closedAt === undefined) ?? messages.length > 0
    const isUpgraded = connection?.exchanges.at(-1)?.status === 101
    const isFlowing = !connection?.close && (isOpen || isUpgraded)
    const half = isFlowing ? Math.floor(performance.now() / 500) : 0
    const seen = connection
      ? `${half} ${connection.requests} ${connection.idleAt} ${connection.headAt} ${connection.error?.at} ${connection.close?.at} ${connection.exchanges.at(-1)?.endedAt}`
      : 'gone'
    if (!this.#store.server.control || seen === this.#seen) return
    this.#seen = seen
    void this.#fetch()
  }

  /** Shows an earlier or a later segment. */
  turn(by: number): void {
    const most = (this.wire?.segments.length ?? 1) - 1
    this.back = Math.max(0, Math.min(most, this.back + by))
    this.#changed()
  }

  async #fetch(): Promise<void> {
    const wire = await this.#store.wire(this.#connection)
    if (!wire) return
    this.wire = wire
    this.#changed()
  }
}
