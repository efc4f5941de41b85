import { type Context, type MaybePromise, Reply, type ReplyHeaders } from '@spillway/core'
import type { Next } from './types.ts'

/**
 * Goes on, and changes the fields of whatever is sent: the reply that comes back, or the one that will be made of an
 * error. Stays synchronous when what is behind it does.
 */
export function withFields(
  c: Context<any, any>,
  next: Next,
  change: (headers: ReplyHeaders) => void,
): MaybePromise<Reply> {
  const changed = (reply: Reply): Reply => {
    change(reply.headers)
    return reply
  }
  const failed = (error: unknown): never => {
    change(c.errorHeaders)
    throw error
  }
  let result
  try {
    result = next()
  } catch (error) {
    return failed(error)
  }
  return result instanceof Reply ? changed(result) : result.then(changed, failed)
}
