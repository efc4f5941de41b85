/** How many places a client may hold for each one that is free. */
const factor = 3

/**
 * Places that clients hold, as many as there are, and never all of them by one: whoever holds some gets another only while more
 * than a third as many are free. A lone client comes to three quarters, two to three sevenths each; what is left is always there
 * for the next one (the dynamic thresholds of switches with shared memory).
 */
export class Shares {
  readonly #limit: number
  readonly #held: Map<string, number> = new Map()
  #total = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Whether a client may have another place. */
  allows(client: string): boolean {
    return this.heldBy(client) < factor * (this.#limit - this.#total)
  }

  heldBy(client: string): number {
    return this.#held.get(client) ?? 0
  }

  take(client: string): void {
    this.#held.set(client, this.heldBy(client) + 1)
    this.#total++
  }

  release(client: string): void {
    const left = this.heldBy(client) - 1
    if (left > 0) this.#held.set(client, left)
    else this.#held.delete(client)
    this.#total--
  }
}
