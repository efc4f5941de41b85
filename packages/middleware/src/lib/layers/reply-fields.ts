// Fields that a layer adds to replies, including error replies.
import {
  type Context,
  type MaybePromise,
  type Reply,
  type ReplyHeaders,
  addErrorFields,
  answerIn,
} from '@spillway/core'
import { whenSettled } from './maybe-promise.ts'
import type { Next } from './types.ts'

/** As {@link whenSettled}, for what answers: a reply that is thrown is the reply, with the fields that core would give it. */
export function whenAnswered<R>(
  c: Context<any, any>,
  answer: () => MaybePromise<Reply>,
  fulfilled: (reply: Reply) => MaybePromise<R>,
  rejected: (error: unknown) => MaybePromise<R>,
): MaybePromise<R> {
  return whenSettled(answer, fulfilled, (error) => {
    const reply = answerIn(error)
    return reply ? fulfilled(addErrorFields(c, reply)) : rejected(error)
  })
}

/**
 * Calls `next`, and changes the fields of whatever is sent: the reply that comes back, or the one that will be made of an
 * error. Stays synchronous if what is behind it does.
 * @param change also gets the status, if there is a reply.
 */
export function withFields(
  c: Context<any, any>,
  next: Next,
  change: (headers: ReplyHeaders, status?: number) => void,
): MaybePromise<Reply> {
  return whenAnswered(
    c,
    next,
    (reply) => {
      change(reply.headers, reply.status)
      return reply
    },
    (error) => {
      change(c.errorHeaders)
      throw error
    },
  )
}
