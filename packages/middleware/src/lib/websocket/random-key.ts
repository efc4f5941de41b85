import { randomFillSync } from 'node:crypto'

/** Keys are made in batches: making each one separately would cost more than the frame. */
const keys = new Int32Array(1024)
let used = keys.length

/** An unpredictable key to mask a frame with (RFC 6455 §5.3). */
export function randomKey(): number {
  if (used === keys.length) {
    randomFillSync(keys)
    used = 0
  }
  return keys[used++]!
}
