// What is told when a router is asked, for tools that show why a route won.
import { type Channel, channel } from 'node:diagnostics_channel'
import type { Context } from '@spillway/core'
import { originOf } from '../layers/context-view.ts'
import { hostOf } from './host.ts'
import type { Explanation } from './types.ts'

/** A router is asked for a reply. Published on `spillway.route`, for the outermost router of a request. */
export interface RouteAsked {
  /** Of the exchange. */
  readonly context: Context<any, any>
  /** What `explain` of the router says of the request. It takes as long as routing does, so it is made when it is asked for. */
  readonly explain: () => Explanation
}

export const asked: Channel = channel('spillway.route')

export function tellAsked(
  c: Context<any, any>,
  explain: (method: string, path: string, host: string) => Explanation,
): void {
  const { method, path } = c
  const host = hostOf(c)
  const about: RouteAsked = { context: originOf(c), explain: () => explain(method, path, host) }
  asked.publish(about)
}
