// Makes sure that requests which change something come from our own pages.
import { type Context, HttpError } from '@spillway/core'
import { type Rules, list, readOptions, text } from '@spillway/core/options'
import { isSameOrigin, originSet } from './lib/http/origin.ts'
import { named } from './lib/layers/layer-trace.ts'
import type { Middleware } from './lib/layers/types.ts'

/** Options of {@link csrf}. */
export interface CsrfOptions {
  /** Other origins that may send requests which change something. Default: none. */
  readonly origins?: readonly string[]
}

const rules: Rules<Required<CsrfOptions>> = { origins: list(text()) }

/** Methods that change nothing (RFC 9110 §9.2.1); TRACE is not here, as nobody answers it. */
const safe: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses requests that a page of another site makes in the name of the user, without tokens: the browser says where a
 * request comes from, in `Sec-Fetch-Site` (Fetch Metadata) or else in `Origin`. Every method except GET, HEAD and OPTIONS is
 * checked, whatever its content type; handlers of these three must not change anything. A request with neither field does not come
 * from a browser, and passes. The reply is 403 with the code `CROSS_ORIGIN`.
 * @throws TypeError when one of `origins` is not an origin.
 */
export function csrf(options: CsrfOptions = {}): Middleware {
  const allowed = originSet(readOptions(rules, options).origins)
  return named('csrf', (c, next) => {
    if (safe.has(c.method) || isFromHere(c) || allowed.has(c.headers.get('origin') ?? '')) return next()
    throw new HttpError(403, 'A page of another origin may not send this request', { code: 'CROSS_ORIGIN' })
  })
}

function isFromHere(c: Context<any, any>): boolean {
  const site = c.headers.get('sec-fetch-site')
  // `none`: started by the user, for example from a bookmark.
  if (site !== null) return site === 'same-origin' || site === 'none'
  const origin = c.headers.get('origin')
  return origin === null || isSameOrigin(c, origin)
}
