// A shared cache in front of handlers (RFC 9111).
import { type Rules, amount, readOptions, text, whole } from '@spillway/core/options'
import { isToken } from '@spillway/parser/serialize'
import { HttpCache } from './lib/cache/http-cache.ts'
import { named } from './lib/layers/layer-trace.ts'
import type { Middleware } from './lib/layers/types.ts'

/** Options of {@link cache}. */
export interface CacheOptions {
  /** Memory for responses in bytes, including fields and keys; the least recently used are dropped first. Default: 64 MiB. */
  readonly cacheBytes?: number
  /** Most bytes of content in one stored response; longer ones are passed on without being stored. Default: 1 MiB. */
  readonly entryBytes?: number
  /**
   * How long a response without an explicit lifetime is fresh, as a fraction of the time since its `Last-Modified`, at most a day
   * (RFC 9111 §4.2.2). 0.1 is usual. Default: 0, only responses that allow it explicitly are stored.
   */
  readonly heuristic?: number
  /** The name in `Cache-Status` (RFC 9211), a token. Default: `spillway`. */
  readonly name?: string
}

const rules: Rules<Required<CacheOptions>> = {
  cacheBytes: whole(64 * 1024 * 1024),
  entryBytes: whole(1024 * 1024),
  heuristic: amount(0, { to: 1 }),
  name: text('spillway'),
}

/**
 * A shared cache (RFC 9111) in memory, in front of a handler, files or a proxy. Replies to GET are stored when they say that they
 * may be, for as long as they say; HEAD, conditional and range requests are answered from them. Stale ones are validated with
 * `If-None-Match` and `If-Modified-Since`, or used as `stale-while-revalidate` and `stale-if-error` allow (RFC 5861). Of many
 * concurrent requests for the same, one goes on and the others wait for its reply. POST, PUT, DELETE and other unsafe methods
 * invalidate what is stored for their URL. `Cache-Status` reports what was done.
 *
 * Never stored are replies with `private`, `no-store`, `Set-Cookie` or `Vary: *`; replies to requests with `Authorization`, unless
 * `public`, `s-maxage` or `must-revalidate` allows it; partial content; and replies that say nothing about caching. Put the cache
 * outside whatever makes the content, including compression, and inside whatever concerns a single client.
 * @throws RangeError for sizes below 0 or a heuristic outside 0 to 1; TypeError for a name that is not a token.
 */
export function cache(options: CacheOptions = {}): Middleware {
  const { cacheBytes, entryBytes, heuristic, name } = readOptions(rules, options)
  if (!isToken(name)) throw new TypeError(`The name of a cache is a token: ${JSON.stringify(name)}`)
  const shared = new HttpCache({ cacheBytes, entryBytes, heuristic, name })
  return named('cache', (c, next) => shared.answer(c, next))
}
