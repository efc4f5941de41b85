// Tells interested layers with which fields a request was passed on.
import type { Context, RequestHeaders } from '@spillway/core'

/** How a proxy changed a request. */
export interface SentOn {
  /** The fields as the proxy received them; layers in between may have changed them. */
  readonly headers: RequestHeaders
  /** Whether the server may have received a different value under a name, in lower case, than the one in `headers`. */
  readonly changes: (name: string) => boolean
}

/** Keyed by the state of the exchange, which all its views share. */
const watched = new WeakMap<object, SentOn[]>()
/** Where there is no cache nothing is looked up. */
let isWatching = false

/**
 * How proxies change a request from now on. A cache must know this: it stores a reply as the answer to the request that came in, for
 * everybody who sends the same again, but the server answered the request that it received.
 */
export function watchSentOn({ state }: Context<any, any>): readonly SentOn[] {
  isWatching = true
  let list = watched.get(state as object)
  if (!list) watched.set(state as object, (list = []))
  return list
}

/** Reports that a request is passed on. @param tell is called only if somebody is interested. */
export function tellSentOn({ state }: Context<any, any>, tell: () => SentOn): void {
  if (isWatching) watched.get(state as object)?.push(tell())
}
