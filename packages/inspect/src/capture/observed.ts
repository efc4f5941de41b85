// HTTP on one connection of a capture.
import { ParseError } from '@spillway/parser'
import { ObservedConnection, type ObservedEvent } from '@spillway/parser/observer'
import type { Side } from './connections.ts'

/** Most errors after which reading goes on; beyond that, it is not HTTP. */
const mostErrors = 16

/** Continues after errors, and ignores connections that do not begin as HTTP. */
export class Observed {
  readonly #connection: ObservedConnection = new ObservedConnection()
  readonly #heard: (event: ObservedEvent) => void
  readonly #failed: (error: ParseError) => void
  #errors = 0
  /** Whether a message has begun. */
  isHttp: boolean = false
  /** Whether reading has stopped for good. */
  isDead: boolean = false

  /** @param failed called for an error that even an observer does not tolerate; reading resumes at the next message. */
  constructor(heard: (event: ObservedEvent) => void, failed: (error: ParseError) => void = () => undefined) {
    this.#heard = heard
    this.#failed = failed
  }

  feed(side: Side, bytes: Uint8Array): void {
    this.#try(() => this.#connection.feed(side, bytes))
  }

  lost(side: Side, bytes: number | undefined): void {
    this.#try(() => this.#connection.lost(side, bytes))
  }

  end(side: Side): void {
    this.#try(() => this.#connection.end(side))
  }

  #try(step: () => Iterable<ObservedEvent>): void {
    if (this.isDead) return
    for (let run = step; ;) {
      try {
        for (const event of run()) {
          this.isHttp ||= event.type === 'request' || event.type === 'response'
          this.#heard(event)
        }
        return
      } catch (error) {
        if (!(error instanceof ParseError)) throw error
        this.#failed(error)
        // Gives up on a connection that does not begin as HTTP, or has too many errors.
        if (!this.isHttp || this.#errors++ > mostErrors) {
          this.isDead = true
          return
        }
        run = () => this.#connection.resync()
      }
    }
  }
}
