// Files that are tried one after the other.
import { type Context, type Handler, Reply, dropSource } from '@spillway/core'
import { type AnyMiddleware, wrap } from '@spillway/middleware'
import type { StaticFiles } from '@spillway/middleware/static'

/**
 * Serves the first of these files that exists; otherwise the next layer answers.
 * @param tries paths, in which `{path}` stands for that of the request, as it was sent.
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
 * Serves files, and lets another handler answer requests without one.
 * @param layers applied to files only.
 */
export function filesAnd(files: StaticFiles, layers: readonly AnyMiddleware[], others: Handler<any>): Handler<any> {
  /** By the state of the exchange, which all layers share. */
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
