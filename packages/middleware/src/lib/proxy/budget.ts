/** How many retries a group of upstream servers has to bear. */
export interface RetryBudget {
  /** Retries per request, over time. Default: 0.2, so that servers in trouble get at most a fifth more work. */
  readonly ratio: number
  /** Retries that may happen at once. Default: 100. */
  readonly reserve: number
}

/** Every request adds a fraction of a retry; a retry takes a whole one, or does not happen. */
export class Budget {
  readonly #ratio: number
  readonly #reserve: number
  #left: number

  constructor({ ratio, reserve }: RetryBudget) {
    this.#ratio = ratio
    this.#reserve = reserve
    this.#left = reserve
  }

  pay(): void {
    if (this.#left < this.#reserve) this.#left = Math.min(this.#reserve, this.#left + this.#ratio)
  }

  take(): boolean {
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}
