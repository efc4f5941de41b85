import { classes, DIGIT, smaller } from './bytes.ts'

/** Bytes of `HTTP/1.1`. RFC 9112 §2.3 */
export const VERSION_LENGTH = 8

const ONE = 0x31

/**
 * Checks the bytes of a version from `p` on; it starts at `version` and is not longer than `end` allows.
 *
 * @returns the place it came to, `version + VERSION_LENGTH` when all is there, or the complement of the offending byte's
 */
export function scanVersion(buf: Uint8Array, version: number, from: number, end: number): number {
  let p = from
  // nearly always the version is there as a whole
  if (p === version && p + VERSION_LENGTH <= end && isHttpOne(buf, p)) return p + VERSION_LENGTH
  const stop = smaller(end, version + VERSION_LENGTH)
  for (; p < stop; p++) {
    const c = buf[p]!
    switch (p - version) {
      case 0:
        if (c !== 0x48) return ~p
        break
      case 1:
      case 2:
        if (c !== 0x54) return ~p
        break
      case 3:
        if (c !== 0x50) return ~p
        break
      case 4:
        if (c !== 0x2f) return ~p
        break
      case 6:
        if (c !== 0x2e) return ~p
        break
      default:
        if ((classes[c]! & DIGIT) === 0) return ~p
    }
  }
  return p
}

function isHttpOne(buf: Uint8Array, p: number): boolean {
  const http =
    buf[p] === 0x48 && buf[p + 1] === 0x54 && buf[p + 2] === 0x54 && buf[p + 3] === 0x50 && buf[p + 4] === 0x2f
  const minor = buf[p + 7]!
  return http && buf[p + 5] === ONE && buf[p + 6] === 0x2e && minor >= 0x30 && minor <= 0x39
}

/** Whether a complete version is one of HTTP/1.x; others are well formed but cannot be understood. */
export function isVersionOne(buf: Uint8Array, version: number): boolean {
  return buf[version + 5] === ONE
}

/** The minor version as far as it matters: every HTTP/1.x after 1.0 is handled as 1.1 (RFC 9110 §2.5). */
export function minorVersionOf(buf: Uint8Array, version: number): 0 | 1 {
  return buf[version + 7] === 0x30 ? 0 : 1
}
