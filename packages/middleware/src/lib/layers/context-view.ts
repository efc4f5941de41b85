// A different view of a request, for the layers behind one.
import type { Context, RequestHeaders } from '@spillway/core'

/** The members that a view has of its own. */
export type ViewOf = Partial<Record<keyof Context, unknown>>

/** Which context a view is one of. */
const origins: WeakMap<Context<any, any>, Context<any, any>> = /* @__PURE__ */ new WeakMap()

/** A context that stands for another one, with some members of its own. */
export abstract class ContextAround {
  /** The other one. */
  readonly around: Context<any, any>

  constructor(around: Context<any, any>) {
    this.around = around
  }
}

/** The context of an exchange that a view, or a view of a view, was made of. */
export function originOf(c: Context<any, any>): Context<any, any> {
  return c instanceof ContextAround ? originOf(c.around) : (origins.get(c) ?? c)
}

/**
 * A different view of an exchange, for layers that should see another request than the one that came in: everything is that of `c`
 * except the members in `own`, which can be set without changing `c`. `request` is built from what the view says.
 */
// decision 024
export function viewOf(c: Context<any, any>, own: ViewOf): Context<any, any> {
  let request: Request | undefined
  const view: Context<any, any> = new Proxy(c, {
    get: (_, key: keyof Context) => {
      if (key in own) return own[key]
      if (key === 'request') return (request ??= requestOf(view))
      const value = c[key]
      return typeof value === 'function' ? (value as () => unknown).bind(c) : value
    },
    set: (_, key: keyof Context, value: unknown) =>
      key in own ? ((own[key] = value), true) : Reflect.set(c, key, value),
  })
  origins.set(view, originOf(c))
  return view
}

/** Views have no content: whoever makes one has already read it, or there was none. */
function requestOf({ url, method, headers, signal }: Context<any, any>): Request {
  return new Request(url, { method, headers: [...headers], signal })
}

/** The fields of a request, with some removed or replaced. @param added names in lower case. */
export function changedHeaders(
  headers: RequestHeaders,
  without: (name: string) => boolean,
  added: ReadonlyMap<string, string> = new Map(),
): RequestHeaders {
  const kept = (name: string): boolean => !added.has(name.toLowerCase()) && !without(name.toLowerCase())
  return {
    get: (name) => added.get(name.toLowerCase()) ?? (kept(name) ? headers.get(name) : null),
    getAll: (name) => {
      const value = added.get(name.toLowerCase())
      return value === undefined ? (kept(name) ? headers.getAll(name) : []) : [value]
    },
    has: (name) => added.has(name.toLowerCase()) || (kept(name) && headers.has(name)),
    *[Symbol.iterator]() {
      for (const field of headers) if (kept(field[0])) yield field
      yield* added
    },
  }
}
