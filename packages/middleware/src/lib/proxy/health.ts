/** When a server that fails is left out (passive health). */
export interface Ejection {
  /** Failures in a row: no connection, a response that is broken, cut or missing, or one of the `statuses`. Default: 5. */
  readonly failures: number
  /** Statuses that count as failures of the server, such as 502 and 503. Default: none; statuses are the application's business. */
  readonly statuses: readonly number[]
  /** Milliseconds for which it is left out the first time; twice as long each time after that. Default: 10 000. */
  readonly duration: number
  /** The longest such time. Default: 300 000. */
  readonly maxDuration: number
  /** The share of the servers that may be left out at a time. Default: 0.5, so that a lone server never is. */
  readonly maxShare: number
}

export const defaultEjection: Ejection = {
  failures: 5,
  statuses: [],
  duration: 10_000,
  maxDuration: 300_000,
  maxShare: 0.5,
}

/** What is known about one server's health: from its answers, and from the checks. */
export class Health {
  /** Whether the last checks say that it works; assumed before the first one. */
  checked: boolean = true
  readonly #rules: Ejection
  readonly #mayEject: () => boolean
  #failures = 0
  #ejections = 0
  #until = 0
  /** Whether a request is on its way to find out whether an ejected server is back. */
  #probing = false

  /** @param mayEject says whether one more server may be left out. */
  constructor(rules: Ejection, mayEject: () => boolean) {
    this.#rules = rules
    this.#mayEject = mayEject
  }

  ejected(now: number): boolean {
    return now < this.#until
  }

  /** Whether requests may be sent there. */
  available(now: number): boolean {
    return this.checked && now >= this.#until && !this.#probing
  }

  /** Whether an answer with this status means that the server does not work. */
  isFailure(status: number): boolean {
    const { statuses } = this.#rules
    return statuses.length > 0 && statuses.includes(status)
  }

  /** A request is sent; after an ejection, only one at first. */
  begin(): void {
    if (this.#ejections > 0 && this.#failures >= this.#rules.failures) this.#probing = true
  }

  /** An exchange is over whose end says nothing about the server. */
  unknown(): void {
    this.#probing = false
  }

  /** It works, and need not wait for the end of an ejection. */
  succeeded(): void {
    this.#failures = 0
    this.#ejections = 0
    this.#until = 0
    this.#probing = false
  }

  failed(now: number): void {
    this.#probing = false
    this.#failures++
    if (this.#failures < this.#rules.failures || now < this.#until || !this.#mayEject()) return
    const { duration, maxDuration } = this.#rules
    this.#until = now + Math.min(maxDuration, duration * 2 ** this.#ejections++)
  }
}
