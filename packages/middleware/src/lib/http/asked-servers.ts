// Tells interested layers which servers were asked for a reply.
import type { Context } from '@spillway/core'
import { Watched } from './watched.ts'

/** One server that was asked. */
export interface AskedServer {
  /** Its URL. */
  readonly server: string
  /** The status of its answer; null when it did not answer. */
  readonly status: number | null
  /** From the beginning of the attempt to the head of the response, or to the failure. */
  readonly ms: number
}

const asked = new Watched<AskedServer>()

/** Starts recording: the servers that are asked from now on, in order. */
export function watchAsked(c: Context<any, any>): readonly AskedServer[] {
  return asked.watch(c)
}

/** The list in which a server that is asked is recorded; undefined if nobody is interested. */
export function askedOf(c: Context<any, any>): AskedServer[] | undefined {
  return asked.of(c)
}
