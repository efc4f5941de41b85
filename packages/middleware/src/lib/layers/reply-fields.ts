// Fields that a layer adds to replies, those to errors too.
import type { Context, MaybePromise, Reply, ReplyHeaders } from '@spillway/core'
import { whenSettled } from './maybe-promise.ts'
import type { Next } from './types.ts'

/**
 * Goes on, and changes the fields of whatever is sent: the reply that comes back, or the one that will be made of an
 * error. Stays synchronous when what is behind it does.
 * @param change gets the status, too, of a reply that there is.
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
 * Gives a reply that was made of an error the fields it must carry, as core does for those it makes itself: without this
 * whoever catches an error would take away what CORS, cookies and the like have to say.
 */
export function addErrorFields(c: Context<any, any>, reply: Reply): Reply {
  for (const [name, value] of c.errorHeaders)
    if (/^(?:vary|set-cookie)$/i.test(name)) reply.headers.append(name, value)
    else if (!reply.headers.has(name)) reply.headers.set(name, value)
  return reply
}
