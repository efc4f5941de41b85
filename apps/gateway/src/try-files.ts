// Files that are tried one after the other.
import { type Context, type Handler, Reply, dropSource } from '@spillway/core'
import { type AnyMiddleware, wrap } from '@spillway/middleware'
import type { StaticFiles } from '@spillway/middleware/static'

/**
 * The first of these files that there is; what is behind answers for the rest.
 * @param tries with `{path}` for the path of the request, as it was sent.
 */
export function tryFiles(files: StaticFiles, tries: readonly string[]): StaticFiles {
  const templates = tries.map((one) => (/^[/{]/.test(one) ? one : `/${one}`))
  return async (c, next) => {
    const { path } = c
    let reply: Reply | undefined
    for (const template of templates) {
      if (reply) dropSource(reply.body, undefined)
      c.path = template.replaceAll('{path}', () => path)
      try {
        reply = await files(c)
      } finally {
        c.path = path
      }
      if (reply.status !== 404) return reply
    }
    return next ? next() : reply!
  }
}

/**
 * Files, and what answers for what there is no file for.
 * @param layers only around what is a file.
 */
export function filesAnd(files: StaticFiles, layers: readonly AnyMiddleware[], others: Handler<any>): Handler<any> {
  /** By the state of the exchange, which layers hand on. */
  const missed = new WeakSet<object>()
  const own = wrap(layers, (c: Context<any, any>) =>
    files(c, () => {
      missed.add(c.state as object)
      return new Reply(null, 404)
    }),
  )
  return async (c) => {
    const reply = await own(c)
    return missed.has(c.state as object) ? others(c) : reply
  }
}
