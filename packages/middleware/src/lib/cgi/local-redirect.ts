import { type Context, type Handler, HttpError, RequestBody, type RequestHeaders, type Result } from '@spillway/core'

/** A script that leads to itself must come to an end; servers agree on about this number. */
const maxHops = 10

const hops = /* @__PURE__ */ new WeakMap<object, number>()

/** Content went to the script that redirects. */
const contentField = /^(?:content-.*|transfer-encoding|trailer|expect)$/i

/**
 * Answers as if the client had asked for another resource of this server (RFC 3875 §6.2.2): with GET, or HEAD when the
 * client used it, and without content.
 * @throws HttpError 502 after ten redirects in a row.
 */
export function redirectLocally(c: Context<any, any>, location: string, app: Handler): ReturnType<Handler> {
  const hop = (hops.get(c) ?? 0) + 1
  if (hop > maxHops) throw new HttpError(502, `Scripts redirected ${maxHops} times in a row`)
  const redirected = asIf(c, location)
  hops.set(redirected, hop)
  return app(redirected) satisfies Result | Promise<Result>
}

/** The same exchange, for another target. Everything that is not about the request itself is that of `c`. */
function asIf(c: Context<any, any>, location: string): Context {
  const query = location.indexOf('?')
  const own: Partial<Record<keyof Context, unknown>> = {
    method: c.method === 'HEAD' ? 'HEAD' : 'GET',
    target: location,
    path: query < 0 ? location : location.slice(0, query),
    search: query < 0 ? '' : location.slice(query),
    base: '',
    url: new URL(c.url).origin + location,
    headers: withoutContent(c.headers),
    body: new RequestBody({ demand: () => {} }, 0, 0),
    params: {},
  }
  let request: Request | undefined
  return new Proxy(c, {
    get: (_, key: keyof Context) => {
      if (key in own) return own[key]
      if (key === 'request') return (request ??= requestOf(own as Context, c.signal))
      const value = c[key]
      return typeof value === 'function' ? (value as () => unknown).bind(c) : value
    },
    set: (_, key: keyof Context, value: unknown) => {
      own[key] = value
      return true
    },
  })
}

function requestOf({ url, method, headers }: Context, signal: AbortSignal): Request {
  return new Request(url, { method, headers: [...headers] as [string, string][], signal })
}

function kept(name: string): boolean {
  return !contentField.test(name)
}

function withoutContent(headers: RequestHeaders): RequestHeaders {
  return {
    get: (name) => (kept(name) ? headers.get(name) : null),
    getAll: (name) => (kept(name) ? headers.getAll(name) : []),
    has: (name) => kept(name) && headers.has(name),
    *[Symbol.iterator]() {
      for (const field of headers) if (kept(field[0])) yield field
    },
  }
}
