import type { ReplyHeaders } from '@spillway/core'
import { hasToken } from '@spillway/parser/fields'

/**
 * Keeps a reply from shared caches that is for one client, however it may be cached otherwise.
 * @param otherwise what Cache-Control says, unless the reply is private or not stored anyway.
 */
export function keepPrivate(headers: ReplyHeaders, otherwise: 'private' | 'no-store'): void {
  const said = headers.get('Cache-Control') ?? ''
  if (!hasToken(said, 'private') && !hasToken(said, 'no-store')) headers.set('Cache-Control', otherwise)
  // What is said to one kind of cache goes before what is said to all (RFC 9213).
  for (const targeted of ['CDN-Cache-Control', 'Surrogate-Control']) headers.delete(targeted)
}
