// Error pages.
import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { type Context, type Handler, Reply, abortedIn, errorFacts, printFailure } from '@spillway/core'
import type { Middleware } from '@spillway/middleware'
import { type ErrorPages, ConfigError } from './config.ts'

interface Page {
  readonly content: Buffer
  readonly type: string
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
}

/**
 * The exchanges whose error comes from an upstream server, by their state, which all layers share. Such a reply is passed on unchanged.
 */
const answeredElsewhere: WeakSet<object> = new WeakSet()

/** Remembers that an error is an upstream server's. */
export function fromServer(handler: Handler<any>): Handler<any> {
  return async (c) => {
    const reply = await handler(c)
    if (reply.status >= 400) answeredElsewhere.add(c.state as object)
    return reply
  }
}

/**
 * Answers errors of the gateway itself with pages: the one for the status, `404`, or else for its class, `4xx`.
 * @throws ConfigError when one cannot be read
 */
export function errorPages(files: ErrorPages): Middleware {
  const pages = new Map(Object.entries(files).map(([status, file]) => [status, readPage(file)]))
  const pageOf = (status: number): Page | undefined =>
    pages.get(String(status)) ?? pages.get(`${Math.floor(status / 100)}xx`)
  return async (c, next) => {
    try {
      const reply = await next()
      const page = reply.status >= 400 && !answeredElsewhere.has(c.state) ? pageOf(reply.status) : undefined
      return page ? replaced(c, reply, page) : reply
    } catch (error) {
      const { status, headers } = errorFacts(error)
      const page = abortedIn(error) ? undefined : pageOf(status)
      if (!page) throw error
      if (status >= 500) printFailure(error, c)
      const reply = new Reply(null, status)
      if (headers) for (const [name, value] of headers) reply.headers.append(name, value)
      return replaced(c, reply, page)
    }
  }
}

function replaced(c: Context<any, any>, reply: Reply, { content, type }: Page): Reply {
  const fresh = new Reply(content, { status: reply.status, headers: { 'Content-Type': type } })
  // Fields that belong to the error, such as Retry-After and WWW-Authenticate.
  for (const [name, value] of [...reply.headers, ...c.errorHeaders])
    if (!/^content-|^etag$|^last-modified$|^cache-control$/i.test(name)) fresh.headers.append(name, value)
  fresh.headers.set('Cache-Control', 'no-store')
  return fresh
}

function readPage(file: string): Page {
  try {
    return { content: readFileSync(file), type: types[extname(file)] ?? 'application/octet-stream' }
  } catch (error) {
    throw new ConfigError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}
