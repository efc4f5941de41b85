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

// decision 087
/** What gives points back: whoever has us work may also change their mind, and answer what they get. */
export const worth = {
  /** A request that was answered. */
  request: 2,
  /** Content that was sent: enough for a PING, by which clients measure how fast it comes, and an update of both windows. */
  content: 1.2,
} as const

/** Points that there are at the most. */
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

  /** Something was done for the peer. */
  earn(points: number): void {
    this.points = Math.min(burst, this.points + points)
  }

  /** Time has passed. */
  refill(milliseconds: number): void {
    this.points = Math.min(burst, this.points + (milliseconds / 1000) * perSecond)
  }
}
