import type { ReplyHeaders } from '@spillway/core'
import { hasToken } from '@spillway/parser/fields'

/**
 * Keeps a reply for one client out of shared caches, even if it allows them otherwise.
 * @param otherwise the Cache-Control to set, unless the reply is private or not stored anyway.
 */
export function keepPrivate(headers: ReplyHeaders, otherwise: 'private' | 'no-store'): void {
  const said = headers.get('Cache-Control') ?? ''
  if (!hasToken(said, 'private') && !hasToken(said, 'no-store')) headers.set('Cache-Control', otherwise)
  // Directives for one kind of cache take precedence over those for all (RFC 9213).
  for (const targeted of ['CDN-Cache-Control', 'Surrogate-Control']) headers.delete(targeted)
}
