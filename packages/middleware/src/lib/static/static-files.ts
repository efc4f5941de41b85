import { realpathSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Context, HttpError, type MaybePromise, Reply } from '@spillway/core'
import { formatDate } from '@spillway/parser/fields'
import { evaluatePreconditions } from '../http/preconditions.ts'
import type { Next } from '../types.ts'
import { contentType } from './content-type.ts'
import { FileBody } from './file-body.ts'
import { type OpenFile, openInside } from './open-file.ts'
import { readTarget, type Target } from './target.ts'

/** Options of {@link staticFiles}. */
export interface StaticOptions {
  /**
   * The Cache-Control of every reply. Default: `no-cache`, so that a client asks each time and mostly hears 304; give
   * `public, max-age=31536000, immutable` for a directory whose names change with their content.
   */
  readonly cacheControl?: string
}

/** Serves files: as a handler, or as middleware that passes on what it has no file for. */
export type StaticFiles = (c: Context<any, any>, next?: Next) => MaybePromise<Reply>

interface FileValidators {
  readonly etag: string
  /** Milliseconds since 1970. */
  readonly modified: number
}

/** Files up to here are read whole and sent with their head in one piece. */
const wholeBytes = 64 * 1024

/** Times to read a small file again that changed while it was read. */
const attempts = 4

/**
 * Serves the files of a directory to GET and HEAD: content types, `ETag` and `Last-Modified`, 304 and 412 (RFC 9110 §13),
 * `index.html` for a directory, and a redirect to the slash it lacks.
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
  const cacheControl = options.cacheControl ?? 'no-cache'
  return (c, next) => {
    if (c.method !== 'GET' && c.method !== 'HEAD') return next ? next() : notAllowed(c)
    const target = readTarget(c)
    if (target === 'malformed') return c.text('Bad Request', 400)
    if (!target) return next ? next() : notFound(c)
    return answerOr(c, real, target, cacheControl, next)
  }
}

async function answerOr(
  c: Context,
  root: string,
  target: Target,
  cacheControl: string,
  next: Next | undefined,
): Promise<Reply> {
  return (await answer(c, root, target, cacheControl)) ?? (next ? next() : notFound(c))
}

async function answer(c: Context, root: string, target: Target, cacheControl: string): Promise<Reply | undefined> {
  const segments = target.directory ? [...target.segments, 'index.html'] : target.segments
  for (let attempt = 0; attempt < attempts; attempt++) {
    const found = await openInside(root, segments)
    if (found === undefined) return undefined
    if (found === 'directory') return target.directory ? undefined : addSlash(c, root, target, cacheControl)
    const reply = await fileReply(c, found, segments.at(-1)!)
    if (!reply) continue
    reply.headers.set('Cache-Control', cacheControl)
    return reply
  }
  throw new HttpError(503, 'The file is being written')
}

/** The redirect is relative to the path asked for, so it can never lead to another host. */
async function addSlash(c: Context, root: string, target: Target, cacheControl: string): Promise<Reply | undefined> {
  const index = await openInside(root, [...target.segments, 'index.html'])
  if (index === undefined || index === 'directory') return undefined
  await index.handle.close()
  const reply = c.redirect(`./${target.name}/${c.search}`, 301)
  reply.headers.set('Cache-Control', cacheControl)
  return reply
}

/** Answers with an open file, and sees to it that it gets closed. Undefined when it changed while it was read. */
async function fileReply(c: Context, file: OpenFile, name: string): Promise<Reply | undefined> {
  const size = Number(file.stats.size)
  const validators = validatorsOf(file)
  let streaming = false
  try {
    const refused = evaluatePreconditions(c.method, c.headers, validators)
    if (refused) return describe(new Reply(null, refused), validators)
    const reply = describe(new Reply(null), validators)
    reply.headers.set('Content-Type', contentType(name))
    reply.headers.set('X-Content-Type-Options', 'nosniff')
    reply.headers.set('Content-Length', String(size))
    if (c.method === 'HEAD') return reply
    if (size <= wholeBytes) {
      const content = await readWhole(file, size)
      if (content) reply.body = content
      return content && reply
    }
    streaming = true
    const body = new FileBody(file)
    // Whatever becomes of the reply: middleware may replace its body, and the client may leave before the first block.
    c.done(() => void body.close())
    reply.body = body
    return reply
  } finally {
    if (!streaming) await file.handle.close()
  }
}

/** The content, or undefined when the file is not `size` bytes long any more. */
async function readWhole({ handle }: OpenFile, size: number): Promise<Uint8Array | undefined> {
  // One byte more than there should be shows a file that has grown.
  const buffer = Buffer.allocUnsafe(size + 1)
  let length = 0
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length)
    length += bytesRead
    if (bytesRead === 0 || length > size) return length === size ? buffer.subarray(0, size) : undefined
  }
}

/**
 * The tag is weak: a file written twice within one tick of the file system's clock keeps size and time (RFC 9110 §8.8.1).
 * The inode is left out, since it differs between servers that hold copies of one site.
 */
function validatorsOf({ stats }: OpenFile): FileValidators {
  const etag = `W/"${stats.size.toString(36)}-${stats.mtimeNs.toString(36)}"`
  // A time in the future must not be told (RFC 9110 §8.8.2.1).
  return { etag, modified: Math.min(Number(stats.mtimeMs), Date.now()) }
}

function describe(reply: Reply, { etag, modified }: FileValidators): Reply {
  reply.headers.set('ETag', etag)
  reply.headers.set('Last-Modified', formatDate(modified))
  return reply
}

function notFound(c: Context): Reply {
  return c.text('Not Found', 404)
}

function notAllowed(c: Context): Reply {
  return c.text('Method Not Allowed', { status: 405, headers: { Allow: 'GET, HEAD' } })
}
