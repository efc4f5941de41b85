// Middleware around a handler, in order.
import { type Context, type Handler, type MaybePromise, Reply, type Result } from '@spillway/core'
import { areTold, told } from './layer-trace.ts'
import { after } from './maybe-promise.ts'
import { note, notesOf } from './route-notes.ts'
import type { AnyMiddleware, Middleware, NeedsOfAll, Next, Ok, StateAfter } from './types.ts'

/** A layer with everything behind it; `last` is what comes after the whole list. */
type Chain = (c: Context<any, any>, last: Next) => MaybePromise<Reply>

/** Gives a function the type of a middleware that adds `Adds` to the state and needs `Needs` in it. */
export function defineMiddleware<Adds = {}, Needs = {}>(middleware: Middleware<Adds, Needs>): Middleware<Adds, Needs> {
  return middleware
}

/**
 * Combines several middleware into one, the first one outermost. They are combined here, once: a request runs a plain chain of calls,
 * which stays synchronous as long as every layer does.
 * @throws TypeError, during a request, if a layer calls `next()` twice or does not return a reply.
 */
export function compose<const Ms extends readonly AnyMiddleware[]>(
  ...middlewares: Ms
): Middleware<StateAfter<{}, Ms>, NeedsOfAll<Ms>> {
  const composed = middlewares.reduceRight<Chain>(surround, (c, last) => last(c))
  return note(composed as Middleware<any, any>, notesOf(middlewares))
}

/** Puts middleware around a handler, the first one outermost; composed once, as by {@link compose}. */
export function wrap<const Ms extends readonly AnyMiddleware[], Params = {}>(
  middlewares: Ms & Ok<{}, Ms>,
  handler: Handler<Context<Params, StateAfter<{}, Ms>>>,
): Handler<Context<Params>> {
  const wrapped = chain(middlewares, handler)
  wrappings.set(wrapped, { layers: middlewares, handler })
  return wrapped
}

/** The handlers that `wrap` has made, so that routers know which layers are in front of what they pass requests to. */
const wrappings: WeakMap<(c: any) => unknown, Wrapping> = /* @__PURE__ */ new WeakMap()

interface Wrapping {
  readonly layers: readonly AnyMiddleware[]
  readonly handler: (c: any) => MaybePromise<Result>
}

/** The layers that `wrap` has put around a handler, and the handler within. */
export function unwrap(handler: (c: any) => MaybePromise<Result>): Wrapping {
  const wrapping = wrappings.get(handler)
  if (!wrapping) return { layers: [], handler }
  const inner = unwrap(wrapping.handler)
  return { layers: [...wrapping.layers, ...inner.layers], handler: inner.handler }
}

/** What {@link wrap} does, for a list whose types are not known at compile time. */
export function chain(
  middlewares: readonly AnyMiddleware[],
  handler: (c: any) => MaybePromise<Result>,
): (c: Context<any, any>) => MaybePromise<Reply> {
  // The handler is the end: nothing stands behind it that could be called.
  const last = tellable(handler)
  const take = takerOf('handler', handler)
  return middlewares.reduceRight<Chain>(surround, (c) => toReply(last(c), take)) as (c: Context) => MaybePromise<Reply>
}

/** The handler, which tells of its runs as long as somebody listens. */
export function tellable(handler: (c: any) => MaybePromise<Result>): (c: Context<any, any>) => MaybePromise<Result> {
  return (c) => (areTold() ? told('handler', handler, c, () => handler(c)) : handler(c))
}

/** A layer costs one closure per request, which holds whether `next` was called. */
function surround(inner: Chain, middleware: AnyMiddleware): Chain {
  const take = takerOf('middleware', middleware)
  return (c, last) => {
    let called = false
    const next: Next = (as = c) => {
      if (called) throw new TypeError('next() was called twice')
      called = true
      return inner(as, last)
    }
    return toReply(areTold() ? told('layer', middleware, c, () => middleware(c, next)) : middleware(c, next), take)
  }
}

/** The edge of a layer: whatever it returned becomes a `Reply`, without a promise when there was none. */
export function toReply(result: MaybePromise<Result>, take: (result: Result) => Reply = asReply): MaybePromise<Reply> {
  return result instanceof Reply ? result : after(result, take)
}

/** As {@link asReply}, for a function that is known: the error says which one it was. */
function takerOf(kind: string, made: (...args: any[]) => unknown): (result: Result) => Reply {
  let what: string | undefined
  return (result) => Reply.from(result, (what ??= `The ${kind} ${nameOf(made)} returned`))
}

/** What somebody finds in their code: a name, or else how it begins. */
function nameOf(made: (...args: any[]) => unknown): string {
  return `\`${made.name || String(made).replaceAll(/\s+/g, ' ').slice(0, 60)}\``
}

/** What was returned, as a `Reply`. @throws TypeError when it cannot be one. */
export function asReply(result: Result): Reply {
  return Reply.from(result, 'A handler or middleware returned')
}
