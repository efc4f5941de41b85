// Tells interested layers which servers were asked for a reply.
import type { Context } from '@spillway/core'

/** One server that was asked. */
export interface AskedServer {
  /** Its URL. */
  readonly server: string
  /** The status of its answer; null when it did not answer. */
  readonly status: number | null
  /** From the beginning of the attempt to the head of the response, or to the failure. */
  readonly ms: number
}

/** Keyed by the state of the exchange, which all its views share. */
const watched = new WeakMap<object, AskedServer[]>()
/** Where no log wants to know, nothing is looked up. */
let isWatching = false

/** Starts recording: the servers that are asked from now on, in order. */
export function watchAsked({ state }: Context<any, any>): readonly AskedServer[] {
  isWatching = true
  let list = watched.get(state as object)
  if (!list) watched.set(state as object, (list = []))
  return list
}

/** The list in which a server that is asked is recorded; undefined if nobody is interested. */
export function askedOf({ state }: Context<any, any>): AskedServer[] | undefined {
  return isWatching ? watched.get(state as object) : undefined
}
