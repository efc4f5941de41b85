// Flow-control windows: how much content may be sent before the receiver allows more (RFC 9113 §5.2).
import { MAX_31 } from './numbers.ts'

/** How much we let the peer send, on one stream or the whole connection. RFC 9113 §5.2 and §6.9. */
export class ReceiveWindow {
  /** Its full size in bytes. */
  size: number
  /** Bytes that the peer may still send. */
  available: number
  /** Bytes that are free again but have not been announced to the peer. */
  _untold: number = 0

  constructor(size: number) {
    this.size = size
    this.available = size
  }

  /** Content has arrived, including padding. False: more than allowed. */
  take(bytes: number): boolean {
    this.available -= bytes
    return this.available >= 0
  }

  /**
   * Bytes are free again.
   *
   * @returns the increment to announce to the peer now, or 0: it is announced only from half the window up, so that frames are few
   */
  give(bytes: number): number {
    this._untold += bytes
    if (this._untold * 2 < this.size) return 0
    return this._tell()
  }

  /** Enlarges the window. Returns the increment like {@link give}. */
  grow(size: number): number {
    if (size <= this.size) return 0
    this._untold += size - this.size
    this.size = size
    return this._tell()
  }

  _tell(): number {
    const increment = this._untold
    this._untold = 0
    this.available += increment
    return increment
  }
}

/** A send window after an increment; undefined above 2^31 - 1, which is not valid. RFC 9113 §6.9.1. */
export function widened(window: number, increment: number): number | undefined {
  const sum = window + increment
  return sum > MAX_31 ? undefined : sum
}
