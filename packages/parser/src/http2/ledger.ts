/** What a frame costs its sender, in points. RFC 9113 §10.5 recommends watching such use; the numbers are ours. */
export const price = {
  /** A stream that its client gives up. Browsers do so often, but not a thousand times at once (CVE-2023-44487). */
  reset: 1,
  /** A stream that we have to reset, whatever the reason (CVE-2025-8671). */
  resetByUs: 5,
  /** A stream beyond the allowed number. */
  refused: 5,
  /** DATA without content (CVE-2019-9518). */
  emptyData: 1,
  /** PING and SETTINGS, which must be answered (CVE-2019-9512, CVE-2019-9515). */
  answered: 1,
  /** Small windows mean many small frames (CVE-2019-9511). */
  smallUpdate: 0.1,
  /** Frames that are read but have no effect: PRIORITY, unknown types (CVE-2019-9513). */
  ignored: 0.1,
} as const

/** Points that an answered request gives back: a client that makes real requests may also change its mind. */
const earned = 2
/** The most points there can be. */
const burst = 1000
/** Points that come back per second. */
const perSecond = 50

/**
 * Counts what a peer costs beyond its requests. This is a rate, not a total: connections that last for days may be honest,
 * too.
 */
export class Ledger {
  points: number = burst

  /** Takes points; returns whether any are left. */
  charge(points: number): boolean {
    this.points -= points
    return this.points >= 0
  }

  /** A request was answered completely. */
  earn(): void {
    this.points = Math.min(burst, this.points + earned)
  }

  /** Time has passed. */
  refill(milliseconds: number): void {
    this.points = Math.min(burst, this.points + (milliseconds / 1000) * perSecond)
  }
}
