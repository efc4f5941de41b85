// A shared cache in front of handlers (RFC 9111).
import { type Rules, amount, readOptions, text, whole } from '@spillway/core/options'
import { isToken } from '@spillway/parser/serialize'
import { HttpCache } from './lib/cache/http-cache.ts'
import type { Middleware } from './lib/layers/types.ts'

/** Options of {@link cache}. */
export interface CacheOptions {
  /** Memory for responses, in bytes, fields included; what was not asked for the longest goes first. Default: 64 MiB. */
  readonly cacheBytes?: number
  /** Most bytes of content of one response; longer ones are passed on. Default: 1 MiB. */
  readonly entryBytes?: number
  /**
   * The part of its age for which a response that says nothing else is fresh, by its `Last-Modified`, up to a day (RFC 9111
   * §4.2.2): 0.1 is usual. Default: 0, nothing is stored that does not say so.
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
 * A shared cache (RFC 9111) in memory, in front of whatever is behind it: a handler, files, a proxy. Replies to GET are
 * stored when they say that they may be, for as long as they say; HEAD, conditional requests and ranges are answered from
 * them. Old ones are validated with `If-None-Match` and `If-Modified-Since`, or used as `stale-while-revalidate` and
 * `stale-if-error` allow (RFC 5861). Of many who ask for the same at the same time, one request goes on. POST, PUT, DELETE and
 * other unsafe methods make what is stored for their URL invalid. `Cache-Status` tells what was done.
 *
 * Never stored: replies with `private`, `no-store`, `Set-Cookie` or `Vary: *`; those to requests with `Authorization`, unless
 * `public`, `s-maxage` or `must-revalidate` allow it; parts; those that do not say anything about caching. Put it outside of
 * what makes the content, compression too, and inside of what is about one client.
 * @throws RangeError for sizes below 0 or a heuristic outside of 0 to 1; TypeError for a name that is no token.
 */
export function cache(options: CacheOptions = {}): Middleware {
  const { cacheBytes, entryBytes, heuristic, name } = readOptions(rules, options)
  if (!isToken(name)) throw new TypeError(`The name of a cache is a token: ${JSON.stringify(name)}`)
  const shared = new HttpCache({ cacheBytes, entryBytes, heuristic, name })
  return (c, next) => shared.answer(c, next)
}
