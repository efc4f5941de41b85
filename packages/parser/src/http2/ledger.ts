/** What a frame costs whoever sends it, in points. RFC 9113 §10.5 asks to look at such use; the numbers are ours. */
export const price = {
  /** A stream that its client gives up. Browsers do it a lot, but not a thousand times at once (CVE-2023-44487). */
  reset: 1,
  /** A stream that we have to reset, whatever the reason (CVE-2025-8671). */
  resetByUs: 5,
  /** A stream above those that were allowed. */
  refused: 5,
  /** DATA that brings nothing (CVE-2019-9518). */
  emptyData: 1,
  /** PING and SETTINGS, which have to be answered (CVE-2019-9512, CVE-2019-9515). */
  answered: 1,
  /** Small windows mean many small frames (CVE-2019-9511). */
  smallUpdate: 0.1,
  /** What is read and means nothing: PRIORITY, frames that nobody knows (CVE-2019-9513). */
  ignored: 0.1,
} as const

/** Points that a request gives back when it has been answered: who has us work may also change their mind. */
const earned = 2
/** Points that there are at the most. */
const burst = 1000
/** Points that come back in a second. */
const perSecond = 50

/**
 * Counts what a peer costs beside its requests. It is a rate, and not a number for life: connections that last for days are
 * honest, too.
 */
export class Ledger {
  points: number = burst

  /** Whether there is still something left. */
  charge(points: number): boolean {
    this.points -= points
    return this.points >= 0
  }

  /** A request was answered in full. */
  earn(): void {
    this.points = Math.min(burst, this.points + earned)
  }

  /** Time has passed. */
  refill(milliseconds: number): void {
    this.points = Math.min(burst, this.points + (milliseconds / 1000) * perSecond)
  }
}
