import { createHash } from 'node:crypto'
import { ownText } from './known-paths.ts'

/** The longest key that is kept as it is; shorter than any digest, so that no key can be mistaken for one. */
const longest = 64

/**
 * A key for a map, of bounded length whatever a client sends: a long one is replaced by its digest. It is a copy, so that it does
 * not keep the head of a request in memory.
 */
export function shortKey(key: string): string {
  return key.length <= longest ? ownText(key) : createHash('sha512').update(key).digest('base64url')
}
