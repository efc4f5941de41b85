// Windows: how much content may be sent before the receiver has said that it takes more (RFC 9113 §5.2).
import { MAX_31 } from './numbers.ts'

/** What we let the peer send, for one stream or the connection. RFC 9113 §5.2 and §6.9. */
export class ReceiveWindow {
  /** Bytes that it is meant to have. */
  size: number
  /** Bytes that the peer may still send. */
  available: number
  /** Bytes that are free again, and the peer does not know. */
  _untold: number = 0

  constructor(size: number) {
    this.size = size
    this.available = size
  }

  /** Content has come, padding and all. False: more than it may. */
  take(bytes: number): boolean {
    this.available -= bytes
    return this.available >= 0
  }

  /**
   * Bytes are free again.
   *
   * @returns the increment that the peer should be told now, or 0: not before it is half the window, so that frames are few
   */
  give(bytes: number): number {
    this._untold += bytes
    if (this._untold * 2 < this.size) return 0
    return this._tell()
  }

  /** Makes the window larger. Gives the increment as {@link give}. */
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

/** A send window with an increment; above 2^31 - 1 it is not one any more. RFC 9113 §6.9.1. */
export function widened(window: number, increment: number): number | undefined {
  const sum = window + increment
  return sum > MAX_31 ? undefined : sum
}
