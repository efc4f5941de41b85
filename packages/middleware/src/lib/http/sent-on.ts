// Tells interested layers with which fields a request was passed on.
import type { Context, RequestHeaders } from '@spillway/core'
import { Watched } from './watched.ts'

/** How a proxy changed a request. */
export interface SentOn {
  /** The fields as the proxy received them; layers in between may have changed them. */
  readonly headers: RequestHeaders
  /** Whether the server may have received a different value under a name, in lower case, than the one in `headers`. */
  readonly changes: (name: string) => boolean
}

const sent = new Watched<SentOn>()

/**
 * How proxies change a request from now on. A cache must know this: it stores a reply as the answer to the request that came in, for
 * everybody who sends the same again, but the server answered the request that it received.
 */
export function watchSentOn(c: Context<any, any>): readonly SentOn[] {
  return sent.watch(c)
}

/** Reports that a request is passed on. @param tell is called only if somebody is interested. */
export function tellSentOn(c: Context<any, any>, tell: () => SentOn): void {
  sent.of(c)?.push(tell())
}
