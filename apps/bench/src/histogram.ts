/** Buckets for each doubling: a percentile is at most 1/32 above the true value. */
const perDoubling = 32

/** Counts times in buckets whose width grows with the time, so that any number of times takes the same few kilobytes. */
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

  /** The time that this share of all times does not exceed; 0 when there are none. @param share from 0 to 1. */
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
