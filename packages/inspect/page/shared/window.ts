import type { Reading } from '../../src/model/tokens.ts'

/** The bytes to show when there are too many: those at the beginning, or those around the wrong one. */
export function inSight(bytes: Uint8Array, { fault }: Reading, most: number): { from: number; to: number } {
  const wrong = fault?.at ?? 0
  // Rows of a dump begin at multiples of 16.
  const from = wrong < most ? 0 : (wrong - (most >> 1)) & ~15
  return { from, to: Math.min(bytes.length, from + most) }
}
