import { realpathSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Context, MaybePromise, Reply } from '@spillway/core'
import type { Next } from '../types.ts'
import { Directory } from './directory.ts'
import type { Representation } from './representation.ts'
import { release, respond } from './respond.ts'
import { readTarget, type Target } from './target.ts'

/** Options of {@link staticFiles}. */
export interface StaticOptions {
  /**
   * The Cache-Control of every reply. Default: `no-cache`, so that a client asks each time and mostly hears 304; give
   * `public, max-age=31536000, immutable` for a directory whose names change with their content.
   */
  readonly cacheControl?: string
  /** Memory for files of up to 1 MiB, in bytes. Default: 64 MiB. */
  readonly cacheBytes?: number
  /** Milliseconds for which a file in memory may be sent without looking whether it was changed. Default: 1000. */
  readonly maxStale?: number
}

/** Serves files: as a handler, or as middleware that passes on what it has no file for. */
export type StaticFiles = (c: Context<any, any>, next?: Next) => MaybePromise<Reply>

/**
 * Serves the files of a directory to GET and HEAD: content types, `ETag` and `Last-Modified`, 304 and 412 (RFC 9110 §13),
 * ranges (§14), `index.html` for a directory, and a redirect to the slash it lacks.
 *
 * Below a catch-all route, `/assets/**:path` or `/assets/:path*`, the parameter `path` names the file; anywhere else the
 * whole path of the request does. Nothing outside the directory is ever served, whatever path, link or race is tried,
 * nor names that begin with a dot (but `/.well-known`), nor anything that is not a regular file.
 * @param root the directory; what it is a link to is found out now.
 * @throws Error when there is no such directory.
 */
export function staticFiles(root: string | URL, options: StaticOptions = {}): StaticFiles {
  const real = realpathSync(typeof root === 'string' ? root : fileURLToPath(root))
  if (!statSync(real).isDirectory()) throw new Error(`Not a directory: ${real}`)
  const { cacheControl = 'no-cache', cacheBytes = 64 * 1024 * 1024, maxStale = 1000 } = options
  const directory = new Directory(real, { maxBytes: cacheBytes, maxStale }, [], () => cacheControl)
  const redirectFields = { 'Cache-Control': cacheControl }
  return (c, next) => {
    if (c.method !== 'GET' && c.method !== 'HEAD') return next ? next() : notAllowed(c)
    const target = readTarget(c)
    if (target === 'malformed') return c.text('Bad Request', 400)
    if (!target) return next ? next() : notFound(c)
    const path = target.directory ? indexOf(target.path) : target.path
    const known = directory.peek(path)
    return known ? respond(c, known) : answerOr(c, directory, target, path, redirectFields, next)
  }
}

function indexOf(path: string): string {
  return path === '' ? 'index.html' : `${path}/index.html`
}

async function answerOr(
  c: Context,
  directory: Directory,
  target: Target,
  path: string,
  redirectFields: Record<string, string>,
  next: Next | undefined,
): Promise<Reply> {
  let found = await directory.find(path)
  if (found === 'directory' && !target.directory) {
    found = await directory.find(indexOf(path))
    if (typeof found === 'object') return addSlash(c, target, found, redirectFields)
  }
  if (typeof found === 'object') return respond(c, found)
  return next ? next() : notFound(c)
}

/** The redirect is relative to the path asked for, so it can never lead to another host. */
function addSlash(c: Context, target: Target, index: Representation, fields: Record<string, string>): Reply {
  release(index)
  const reply = c.redirect(`./${target.name}/${c.search}`, 301)
  for (const [name, value] of Object.entries(fields)) reply.headers.set(name, value)
  return reply
}

function notFound(c: Context): Reply {
  return c.text('Not Found', 404)
}

function notAllowed(c: Context): Reply {
  return c.text('Method Not Allowed', { status: 405, headers: { Allow: 'GET, HEAD' } })
}
