import { type Context, type Handler, HttpError, RequestBody } from '@spillway/core'
import { changedHeaders, viewOf } from '../layers/context-view.ts'

/** A script that redirects to itself must come to an end; other servers use about the same number. */
const maxHops = 10

/** By the state of the exchange, which all views of it share. */
const hops = /* @__PURE__ */ new WeakMap<object, number>()

/** The content was for the script that redirects, so the fields about it are removed. */
const contentField = /^(?:content-.*|transfer-encoding|trailer|expect)$/

/**
 * Answers as if the client had asked for another resource of this server (RFC 3875 §6.2.2): with GET, or HEAD when the
 * client used it, and without content.
 * @throws HttpError 502 after ten redirects in a row.
 */
export function redirectLocally(c: Context<any, any>, location: string, app: Handler): ReturnType<Handler> {
  const hop = (hops.get(c.state as object) ?? 0) + 1
  if (hop > maxHops) throw new HttpError(502, `Scripts redirected ${maxHops} times in a row`)
  const query = location.indexOf('?')
  hops.set(c.state as object, hop)
  const redirected = viewOf(c, {
    method: c.method === 'HEAD' ? 'HEAD' : 'GET',
    target: location,
    path: query < 0 ? location : location.slice(0, query),
    search: query < 0 ? '' : location.slice(query),
    base: '',
    url: new URL(c.url).origin + location,
    headers: changedHeaders(c.headers, (name) => contentField.test(name)),
    body: new RequestBody({ demand: () => {} }, 0, 0),
    params: {},
  })
  return app(redirected)
}
