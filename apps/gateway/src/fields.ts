// Changes to the fields of requests and replies.
import type { Context, FieldsInit } from '@spillway/core'
import type { Middleware } from '@spillway/middleware'
import type { FieldChanges, RouteConfig } from './config.ts'

/** Adds fields to forwarded requests: those of the configuration, and the request's id, for the logs of the servers. */
export function requestFields(
  changes: FieldChanges | undefined,
  named: boolean,
): ((c: Context<any, any>) => FieldsInit) | undefined {
  const set = changes?.set
  if (!set && !named) return undefined
  const fixed = Object.entries(set ?? {})
  if (!named) return () => fixed
  const isSet = fixed.some(([name]) => name.toLowerCase() === 'x-request-id')
  return (c) => (isSet ? fixed : [['X-Request-Id', (c.state as { requestId: string }).requestId], ...fixed])
}

/** Changes the fields of replies, including errors. */
export function replyFields({ set = {}, add = {}, remove = [] }: NonNullable<RouteConfig['reply']>): Middleware {
  return async (c, next) => {
    for (const [name, value] of [...Object.entries(set), ...Object.entries(add)]) c.errorHeaders.append(name, value)
    const reply = await next()
    for (const name of remove) reply.headers.delete(name)
    for (const [name, value] of Object.entries(set)) reply.headers.set(name, value)
    for (const [name, value] of Object.entries(add)) reply.headers.append(name, value)
    return reply
  }
}
