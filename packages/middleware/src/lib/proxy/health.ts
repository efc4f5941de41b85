/** When a server that fails is left out (passive health). */
export interface Ejection {
  /** Failures in a row: no connection, a broken or missing response, or one of the `statuses`. Default: 5. */
  readonly failures: number
  /** Statuses that are failures of the server: 502 and 503, for example. Default: none; they are the application's. */
  readonly statuses: readonly number[]
  /** Milliseconds it is left out the first time; twice as long each time after. Default: 10 000. */
  readonly duration: number
  /** Longest of these times. Default: 300 000. */
  readonly maxDuration: number
  /** Share of the servers that may be left out at a time. Default: 0.5, so a lone server never is. */
  readonly maxShare: number
}

export const defaultEjection: Ejection = {
  failures: 5,
  statuses: [],
  duration: 10_000,
  maxDuration: 300_000,
  maxShare: 0.5,
}

/** What is known of one server's health: by its answers, and by the checks. */
export class Health {
  /** The last checks say that it works; so it is presumed before the first. */
  checked: boolean = true
  readonly #rules: Ejection
  readonly #mayEject: () => boolean
  #failures = 0
  #ejections = 0
  #until = 0
  /** A request is on its way to find out whether an ejected server is back. */
  #probing = false

  /** @param mayEject whether one more server may be left out. */
  constructor(rules: Ejection, mayEject: () => boolean) {
    this.#rules = rules
    this.#mayEject = mayEject
  }

  ejected(now: number): boolean {
    return now < this.#until
  }

  /** Whether requests may go there. */
  available(now: number): boolean {
    return this.checked && now >= this.#until && !this.#probing
  }

  /** Whether an answer with this status says that the server does not work. */
  isFailure(status: number): boolean {
    const { statuses } = this.#rules
    return statuses.length > 0 && statuses.includes(status)
  }

  /** A request is sent: the first one after an ejection goes alone. */
  begin(): void {
    if (this.#ejections > 0 && this.#failures >= this.#rules.failures) this.#probing = true
  }

  /** An exchange is over that says nothing about the server. */
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
