// Puts TCP segments in order.
import type { Segment } from './segment.ts'

/** What comes out of one direction of a TCP connection, in order. */
export interface Sink {
  data(bytes: Uint8Array): void
  /** Bytes that the capture does not have; without a number, how many is not known. */
  lost(bytes?: number): void
  /** @param isSaid whether this side has said so (FIN), and not only the capture ends. */
  end(isSaid: boolean): void
}

/** What waits for bytes in front of it, for each direction. */
const MOST_WAITING = 4 << 20

/**
 * Puts the segments of one direction in order: resent bytes are taken once, those that come too early wait for what is in front of
 * them, until the other side acknowledges it: then the capture has missed it. RFC 9293 §3.4.
 */
export class Direction {
  readonly #sink: Sink
  /** The number of the next byte, or -1 before the first one is known. */
  #next: number = -1
  #waiting: { readonly sequence: number; readonly payload: Uint8Array }[] = []
  #waitingBytes: number = 0
  /** The number of the byte behind the last. */
  #fin: number = -1
  isEnded: boolean = false

  constructor(sink: Sink) {
    this.#sink = sink
  }

  segment({ sequence, payload, isSyn, isFin }: Segment): void {
    if (this.isEnded) return
    const first = isSyn ? (sequence + 1) >>> 0 : sequence
    if (this.#next < 0) {
      this.#next = first
      // the capture begins in the middle
      if (!isSyn) this.#sink.lost()
    }
    if (isFin) this.#fin = (first + payload.length) >>> 0
    if (payload.length > 0) this.#take(first, payload)
    if (this.#waitingBytes > MOST_WAITING) this.#skip(this.#waiting[0]!.sequence)
    this.#finish()
  }

  /** The other side has everything up to this byte. */
  acknowledged(next: number): void {
    if (this.isEnded || this.#next < 0 || this.#waiting.length === 0) return
    if (distance(this.#waiting[0]!.sequence, next) >= 0) this.#skip(this.#waiting[0]!.sequence)
    this.#finish()
  }

  /** The connection is over, or the capture. */
  end(): void {
    while (this.#waiting.length > 0) this.#skip(this.#waiting[0]!.sequence)
    if (!this.isEnded) this.#sink.end(false)
    this.isEnded = true
  }

  #take(sequence: number, payload: Uint8Array): void {
    const ahead = distance(this.#next, sequence)
    if (ahead > 0) {
      const at = this.#waiting.findIndex((one) => distance(sequence, one.sequence) > 0)
      this.#waiting.splice(at < 0 ? this.#waiting.length : at, 0, { sequence, payload: new Uint8Array(payload) })
      this.#waitingBytes += payload.length
      return
    }
    if (-ahead >= payload.length) return
    this.#next = (sequence + payload.length) >>> 0
    this.#sink.data(payload.subarray(-ahead))
    while (this.#waiting.length > 0 && distance(this.#next, this.#waiting[0]!.sequence) <= 0) {
      const one = this.#waiting.shift()!
      this.#waitingBytes -= one.payload.length
      this.#take(one.sequence, one.payload)
    }
  }

  /** What is in front of this byte is not in the capture. */
  #skip(to: number): void {
    const missing = distance(this.#next, to)
    if (missing > 0) this.#sink.lost(missing)
    this.#next = to
    const one = this.#waiting.shift()
    if (one === undefined) return
    this.#waitingBytes -= one.payload.length
    this.#take(one.sequence, one.payload)
  }

  #finish(): void {
    if (this.#fin < 0 || this.#next !== this.#fin || this.#waiting.length > 0) return
    this.isEnded = true
    this.#sink.end(true)
  }
}

/** How far `b` is behind `a`, in numbers that begin again behind 2^32. */
function distance(a: number, b: number): number {
  return (b - a) | 0
}
