// Requests under way whose response others wait for, too.
import { shortKey } from '../tools/short-key.ts'

/** Milliseconds for which no request waits for another after a reply that could not be stored. */
const futileMs = 60_000
/** How many such URLs are remembered. */
const maxFutile = 10_000

/** One request to what is behind a cache, for which others may wait. */
export interface Flight {
  /** Resolves when the outcome of the request is known. */
  readonly landed: Promise<void>
  /** Whether the resource was changed in the meantime, so that the response must not be stored. */
  readonly spoiled: boolean
  /** @param how whether the response could not be stored, so that waiting for another one is useless. */
  land(how?: { readonly futile: boolean }): void
}

class OpenFlight implements Flight {
  readonly landed: Promise<void>
  readonly resource: string
  spoiled = false
  #land: (() => void) | undefined
  readonly #over: (futile: boolean) => void

  constructor(resource: string, over: (futile: boolean) => void) {
    this.resource = resource
    this.#over = over
    this.landed = new Promise((resolve) => {
      this.#land = resolve
    })
  }

  land({ futile } = { futile: false }): void {
    const land = this.#land
    if (!land) return
    this.#land = undefined
    this.#over(futile)
    land()
  }
}

/**
 * The requests under way. Waiting for one makes sense only if its response can be stored: URLs whose responses cannot are
 * remembered for a minute, so that requests for them do not queue.
 */
export class Flights {
  readonly #open: Map<string, OpenFlight> = new Map()
  readonly #futile: Map<string, number> = new Map()

  get(key: string): Flight | undefined {
    return this.#open.get(key)
  }

  /** @param resource the requested resource, see `resourceOf`. */
  start(key: string, resource: string): Flight {
    const flight = new OpenFlight(resource, (futile) => {
      this.#open.delete(key)
      const short = shortKey(key)
      this.#futile.delete(short)
      if (!futile) return
      this.#futile.set(short, Date.now() + futileMs)
      const [oldest] = this.#futile.keys()
      if (this.#futile.size > maxFutile) this.#futile.delete(oldest!)
    })
    this.#open.set(key, flight)
    return flight
  }

  isFutile(key: string): boolean {
    const until = this.#futile.size === 0 ? undefined : this.#futile.get(shortKey(key))
    return until !== undefined && Date.now() < until
  }

  /** A resource was changed: a response that is on its way may show its old state. */
  spoil(resource: string): void {
    for (const flight of this.#open.values()) if (flight.resource === resource) flight.spoiled = true
  }
}
