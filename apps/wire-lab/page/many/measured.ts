// The measurements of the comparison.
import { type Sample, errands } from '../../src/model/many.ts'
import { percentile } from '@spillway/inspect/model'

/** Summary of the measurements of one errand. */
export interface Numbers {
  readonly count: number
  readonly p50: number | undefined
  readonly p99: number | undefined
}

/** What was measured of one server. */
export class Measured {
  seconds = 5
  readonly samples: Sample[] = []
  readonly #times: number[][] = errands.map(() => [])

  add(samples: readonly Sample[]): void {
    this.samples.push(...samples)
    for (const [, errand, ms] of samples) this.#times[errand]!.push(ms)
  }

  /** @param errand the place in {@link errands}; without one, all of them. */
  numbers(errand?: number): Numbers {
    const times = errand === undefined ? this.#times.flat() : this.#times[errand]!
    return { count: times.length, p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
  }
}
