// Requests under way for a response that others wait for, too.
import { shortKey } from '../tools/short-key.ts'

/** Milliseconds for which nobody waits for others after a reply that could not be stored. */
const futileMs = 60_000
/** Requests that are remembered as such. */
const maxFutile = 10_000

/** One request for what is behind a cache, on which others may wait. */
export interface Flight {
  /** Resolves when it is known what became of the response. */
  readonly landed: Promise<void>
  /** Whether the resource was changed meanwhile, so that the response must not be stored. */
  readonly spoiled: boolean
  /** @param how whether it could not be stored, so that it is no use to wait for another one. */
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
 * The requests that are under way. To wait for one is worth it only if its response can be stored: which URLs give others is
 * remembered for a minute, so that their requests do not queue.
 */
export class Flights {
  readonly #open: Map<string, OpenFlight> = new Map()
  readonly #futile: Map<string, number> = new Map()

  get(key: string): Flight | undefined {
    return this.#open.get(key)
  }

  /** @param resource that is asked for, see `resourceOf`. */
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

  /** A resource was changed: what is on its way may be its old state. */
  spoil(resource: string): void {
    for (const flight of this.#open.values()) if (flight.resource === resource) flight.spoiled = true
  }
}
