import { createHash } from 'node:crypto'
import { ownText } from './known-paths.ts'

/** The longest key that is kept as it is; shorter than any digest, so that none can be taken for one. */
const longest = 64

/**
 * A key for a map, of bounded length whatever a client sends: a long one is its digest. It is a string of its own, so that no
 * head of a request is kept for its sake.
 */
export function shortKey(key: string): string {
  return key.length <= longest ? ownText(key) : createHash('sha512').update(key).digest('base64url')
}
