// Puts TCP segments in order.
import type { Segment } from './segment.ts'

/** Receives one direction of a TCP connection, in order. */
export interface Sink {
  data(bytes: Uint8Array): void
  /** Bytes missing from the capture; without a number, it is unknown how many. */
  lost(bytes?: number): void
  /** @param isSaid whether this side has sent a FIN; false when only the capture ends. */
  end(isSaid: boolean): void
}

/** Most bytes that wait for earlier ones, in each direction. */
const MOST_WAITING = 4 << 20

/**
 * Puts the segments of one direction in order: retransmitted bytes are used once; early ones wait for those before them,
 * until the other side acknowledges the latter: then they are missing from the capture. RFC 9293 §3.4.
 */
export class Direction {
  readonly #sink: Sink
  /** The sequence number of the next byte, or -1 before the first one is known. */
  #next: number = -1
  #waiting: { readonly sequence: number; readonly payload: Uint8Array }[] = []
  #waitingBytes: number = 0
  /** The sequence number after the last byte, or -1 before it is known. */
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
      // The capture begins in the middle of the connection.
      if (!isSyn) this.#sink.lost()
    }
    if (isFin) this.#fin = (first + payload.length) >>> 0
    if (payload.length > 0) this.#take(first, payload)
    if (this.#waitingBytes > MOST_WAITING) this.#skip(this.#waiting[0]!.sequence)
    this.#finish()
  }

  /** The other side has received everything before this sequence number. */
  acknowledged(next: number): void {
    if (this.isEnded || this.#next < 0 || this.#waiting.length === 0) return
    if (distance(this.#waiting[0]!.sequence, next) >= 0) this.#skip(this.#waiting[0]!.sequence)
    this.#finish()
  }

  /** The connection or the capture is over. */
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

  /** Bytes before this sequence number are missing from the capture. */
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

/** How far `b` is after `a`, in sequence numbers modulo 2^32. */
function distance(a: number, b: number): number {
  return (b - a) | 0
}
