/** How many retries a group of upstream servers may see. */
export interface RetryBudget {
  /** Retries for each request, over time. Default: 0.2, so that servers in trouble get a fifth more work at the most. */
  readonly ratio: number
  /** Retries that may come at once. Default: 100. */
  readonly reserve: number
}

/** Every request pays in a part of a retry; a retry takes a whole one, or is not made. */
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
