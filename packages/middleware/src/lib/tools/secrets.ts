// Keys derived from secrets, and comparison in constant time.
import { type KeyObject, createHash, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto'

/** One secret, or several: the first is used for everything new, and all are accepted for what comes back. */
export type Secrets = string | readonly [string, ...string[]]

/** As long as the keys that are derived from it. */
const shortest = 32

/**
 * Derives the keys for one purpose, so that one secret can serve several (RFC 5869).
 * @throws TypeError when there is no secret or one is shorter than 32 bytes.
 */
export function deriveKeys(secrets: Secrets, purpose: string): KeyObject[] {
  const list = typeof secrets === 'string' ? [secrets] : secrets
  if (list.length === 0) throw new TypeError('At least one secret is needed')
  return list.map((secret) => {
    if (Buffer.byteLength(secret) < shortest)
      throw new TypeError(`A secret has at least ${shortest} bytes; take one from \`openssl rand -base64 32\``)
    return createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', `spillway ${purpose}`, 32)))
  })
}

/** Compares without revealing, by the time it takes, how much of the two is the same or how long they are. */
export function sameText(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
