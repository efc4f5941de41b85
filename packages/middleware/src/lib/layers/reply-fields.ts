// Fields that a layer adds to replies, including error replies.
import type { Context, MaybePromise, Reply, ReplyHeaders } from '@spillway/core'
import { whenSettled } from './maybe-promise.ts'
import type { Next } from './types.ts'

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
  return whenSettled(
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

/**
 * Adds the fields that an error reply must carry to a reply that was made of an error, as core does for its own. Without this,
 * a layer that catches errors would drop the fields of CORS, cookies and the like.
 */
export function addErrorFields(c: Context<any, any>, reply: Reply): Reply {
  for (const [name, value] of c.errorHeaders)
    if (/^(?:vary|set-cookie)$/i.test(name)) reply.headers.append(name, value)
    else if (!reply.headers.has(name)) reply.headers.set(name, value)
  return reply
}
