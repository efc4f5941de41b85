import { randomFillSync } from 'node:crypto'

/** Keys are made many at a time: asking for each would cost more than the frame. */
const keys = new Int32Array(1024)
let used = keys.length

/** A key to mask a frame with, that nobody can foresee (RFC 6455 §5.3). */
export function randomKey(): number {
  if (used === keys.length) {
    randomFillSync(keys)
    used = 0
  }
  return keys[used++]!
}
