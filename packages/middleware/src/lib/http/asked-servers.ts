// Who wants to know which servers were asked for a reply.
import type { Context } from '@spillway/core'

/** One server that was asked. */
export interface AskedServer {
  /** Its URL. */
  readonly server: string
  /** What it answered; null when it did not. */
  readonly status: number | null
  /** From the beginning of the attempt to the head of the response, or to the failure. */
  readonly ms: number
}

/** By the state of the exchange, which all views of it share. */
const watched = new WeakMap<object, AskedServer[]>()

/** The servers that are asked from now on, in their order. */
export function watchAsked({ state }: Context<any, any>): readonly AskedServer[] {
  let list = watched.get(state as object)
  if (!list) watched.set(state as object, (list = []))
  return list
}

/** Where whoever asks a server writes that down; undefined if nobody wants to know. */
export function askedOf({ state }: Context<any, any>): AskedServer[] | undefined {
  return watched.get(state as object)
}
