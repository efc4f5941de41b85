// Who wants to know under which fields a request was sent on.
import type { Context, RequestHeaders } from '@spillway/core'

/** What a proxy has made of a request. */
export interface SentOn {
  /** The fields as the proxy was given them; layers between may have changed them. */
  readonly headers: RequestHeaders
  /** Whether the server may have got something else under a name, in lower case, than what is in `headers`. */
  readonly changes: (name: string) => boolean
}

/** By the state of the exchange, which all views of it share. */
const watched = new WeakMap<object, SentOn[]>()

/**
 * What proxies make of a request from now on. A cache must know: to it, a reply is one to the request that came in, and who
 * sends that again gets it; but the server has answered the request that it got.
 */
export function watchSentOn({ state }: Context<any, any>): readonly SentOn[] {
  let list = watched.get(state as object)
  if (!list) watched.set(state as object, (list = []))
  return list
}

/** A request is sent on. @param tell is called only if anybody wants to know. */
export function tellSentOn({ state }: Context<any, any>, tell: () => SentOn): void {
  watched.get(state as object)?.push(tell())
}
