/** Buckets for each doubling: a percentile is at most 1/32 above the truth. */
const perDoubling = 32

/** Counts of times in buckets that grow with the time, so that it takes the same few kilobytes however many there are. */
export class Histogram {
  readonly #counts = new Uint32Array(perDoubling * 40)
  #total = 0
  #max = 0

  /** @param us a time in microseconds. */
  add(us: number): void {
    const value = Math.max(1, us)
    this.#counts[Math.floor(Math.log2(value) * perDoubling)]!++
    this.#total++
    if (us > this.#max) this.#max = us
  }

  /** The time that this share of all times is not above; 0 when there are none. @param share from 0 to 1. */
  at(share: number): number {
    const wanted = Math.ceil(this.#total * share)
    let seen = 0
    for (let i = 0; i < this.#counts.length; i++) {
      seen += this.#counts[i]!
      if (seen >= wanted && seen > 0) return Math.min(this.#max, 2 ** ((i + 1) / perDoubling))
    }
    return this.#max
  }
}
