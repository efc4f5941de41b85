/** How much is told: when so many events come within so many milliseconds, as many milliseconds are left out behind them. */
export interface Pace {
  readonly events: number
  readonly milliseconds: number
}

/** What is done where too much happens, and when that is over. */
export interface Paced {
  readonly pause: () => void
  readonly resume: () => void
}

// decision 081
/** Keeps a {@link Pace}: counts events, and lets a stretch of time be left out when there are too many. */
export class Pacer {
  readonly #pace: Pace
  readonly #now: () => number
  readonly #paced: Paced
  #from = 0
  #events = 0
  #resuming: ReturnType<typeof setTimeout> | undefined

  constructor(pace: Pace, now: () => number, paced: Paced) {
    this.#pace = pace
    this.#now = now
    this.#paced = paced
  }

  /** One more event. */
  count(): void {
    if (++this.#events < this.#pace.events) return
    const now = this.#now()
    // Slow enough: the next so many are looked at anew.
    if (now - this.#from > this.#pace.milliseconds) this.#begin(now)
    else this.#pause()
  }

  stop(): void {
    clearTimeout(this.#resuming)
  }

  #begin(at: number): void {
    this.#from = at
    this.#events = 0
  }

  #pause(): void {
    this.#paced.pause()
    this.#resuming = setTimeout(() => {
      this.#begin(this.#now())
      this.#paced.resume()
    }, this.#pace.milliseconds)
    this.#resuming.unref()
  }
}
