// Requests that an application answers over FastCGI, php-fpm for example.
import { dirname } from 'node:path'
import type { Context, MaybePromise, Reply } from '@spillway/core'
import { type Rules, type Settled, optional, readOptions, section, text, whole } from '@spillway/core/options'
import { metaVariables, passedOn } from './lib/cgi/meta-variables.ts'
import { type RequestContent, requestContent } from './lib/cgi/request-content.ts'
import { ScriptErrors } from './lib/cgi/script-errors.ts'
import { type ScriptOptions, answered } from './lib/cgi/script-options.ts'
import { type LocalRedirect, readScriptReply } from './lib/cgi/script-reply.ts'
import { type ScriptPath, type ScriptTarget, findScript, readScriptPath, wholePath } from './lib/cgi/script-target.ts'
import type { FastCgiExchange } from './lib/fastcgi/exchange.ts'
import { type FastCgiAddress, Pool } from './lib/fastcgi/pool.ts'
import { requestHead } from './lib/fastcgi/records.ts'
import { Folder } from './lib/files/folder.ts'
import { normalizePath } from './lib/http/path.ts'
import { refused } from './lib/http/problem.ts'
import type { Next } from './lib/layers/types.ts'

import { scriptRules } from './lib/cgi/script-rules.ts'

export type { ScriptOptions } from './lib/cgi/script-options.ts'
export type { FastCgiAddress } from './lib/fastcgi/pool.ts'

/** Limits for requests to an application. */
export interface FastCgiLimits {
  /** Milliseconds for which the application may stay silent while we wait for it. Default: 60 000. */
  readonly timeout: number
  /** Bytes of the head of a reply. Default: 16 KiB. */
  readonly headBytes: number
  /**
   * Connections at the same time, each of which occupies a process of php-fpm: no more than its `pm.max_children`, divided by the
   * number of our own processes. Default: 4.
   */
  readonly connections: number
  /** Requests that may wait for a connection; further ones are answered 503. Default: 128. */
  readonly waiting: number
  /** Milliseconds to get a connection, including the wait for a free one. Default: 5000. */
  readonly connectTimeout: number
  /** Milliseconds for which a connection without a request is kept. Default: 10 000. */
  readonly idleTimeout: number
  /** Bytes of content kept in memory when a request does not declare its length; 411 for more. Default: 1 MiB. */
  readonly bufferBytes: number
}

/** Options of {@link fastcgi}. */
export interface FastCgiOptions extends ScriptOptions {
  readonly limits?: Partial<FastCgiLimits>
}

/** Options of {@link FastCgi.scripts}. */
export interface FastCgiScripts {
  /** How the names of scripts end; nothing else is ever passed to the application. Default: `.php`. */
  readonly extension?: string
  /** The script of a directory. Default: `index` with that extension. */
  readonly index?: string
}

/** Lets the application run scripts: as a handler, or as middleware that passes on requests for which there is no script. */
export type ScriptHandler = (c: Context<any, any>, next?: Next) => MaybePromise<Reply>

/** An application that speaks FastCGI. */
export interface FastCgi {
  /**
   * Runs the scripts of a directory that the application sees under the same path. The script is found here, before anything is
   * sent: the first name in the path that is not a directory must be a regular file inside the root with the extension, wherever
   * links lead. What follows it is PATH_INFO. So `/picture.jpg/x.php` never runs a picture, however the application is
   * configured.
   * @param root the directory; links are resolved when this is called. @throws Error when there is none.
   */
  scripts(root: string | URL, options?: FastCgiScripts): ScriptHandler
  /**
   * Lets one script answer everything: a front controller, or a program without files.
   * @param file SCRIPT_FILENAME, as the application knows it; it need not exist on this machine.
   */
  script(file: string): ScriptHandler
}

interface FastCgiSettings extends Settled<FastCgiOptions, never> {
  readonly limits: FastCgiLimits
}

const longest = { from: 1, to: 2 ** 31 - 1 }
const rules: Rules<FastCgiSettings> = {
  ...scriptRules,
  limits: section({
    timeout: whole(60_000, longest),
    headBytes: whole(16 * 1024, { from: 1 }),
    connections: whole(4, { from: 1 }),
    waiting: whole(128),
    connectTimeout: whole(5000, longest),
    idleTimeout: whole(10_000, { to: longest.to }),
    bufferBytes: whole(1024 * 1024),
  }),
}

const scriptsRules: Rules<Settled<FastCgiScripts, 'extension'>> = {
  extension: text('.php', /./),
  index: optional(text('', /./)),
}

/**
 * Has requests answered by an application that speaks FastCGI 1.0, such as php-fpm, over TCP or a unix socket.
 * Connections are kept for the next request, and closed when nobody waits for the reply any more. Content and output are
 * streamed at the reader's pace. Below a catch-all route the parameter `path` names the script, anywhere else
 * the whole path does.
 *
 * The reply is 504 for an application that stays silent, and 502 for one that cannot be reached, breaks off or violates the protocol;
 * once the head was sent, the reply is cut instead. When a kept connection fails before the first byte of the reply, a request without
 * content and side effects is sent once more.
 * @throws TypeError when `passOn` names a field that no script may get.
 */
export function fastcgi(address: FastCgiAddress, options: FastCgiOptions = {}): FastCgi {
  const settings = readOptions(rules, options)
  const { limits } = settings
  const responder = new Responder(new Pool(address, limits), limits, settings)
  return {
    script: (file) => (c, next) => {
      const path = readScriptPath(c)
      if (path === 'malformed') return refused(400)
      return path ? responder.run(c, wholePath(file, path), dirname(file)) : missing(next)
    },
    scripts: (root, scripts) => {
      const { extension, index = `index${extension}` } = readOptions(scriptsRules, scripts)
      const folder = new Folder(root)
      const accepts = (file: string, name: string): boolean => name.endsWith(extension) && file.endsWith(extension)
      return async (c, next) => {
        const path = readScriptPath(c)
        if (path === 'malformed') return refused(400)
        const real = path && (await folder.real())
        if (!path || real === undefined) return missing(next)
        const find = (which: ScriptPath): Promise<ScriptTarget | undefined> => findScript(real, which, accepts, index)
        const target = await find(path)
        if (target) return responder.run(c, target, real)
        return (await find(slashed(path))) ? addSlash(c) : missing(next)
      }
    },
  }
}

function missing(next: Next | undefined): MaybePromise<Reply> {
  return next ? next() : refused(404)
}

/** The path as a directory. An empty segment is not the name of anything, so adding a second one finds nothing. */
function slashed({ prefix, segments }: ScriptPath): ScriptPath {
  return { prefix, segments: [...segments, ''] }
}

/** The redirect is relative to the requested path, so it can never lead to another host. */
function addSlash(c: Context<any, any>): Reply {
  const path = normalizePath(c.path)!
  return c.redirect(`./${path.slice(path.lastIndexOf('/') + 1)}/${c.search}`, 308)
}

class Responder {
  readonly #pool: Pool
  readonly #limits: FastCgiLimits
  readonly #options: FastCgiOptions
  readonly #passOn: ReadonlySet<string>

  constructor(pool: Pool, limits: FastCgiLimits, options: FastCgiOptions) {
    this.#pool = pool
    this.#limits = limits
    this.#options = options
    this.#passOn = passedOn(options)
  }

  async run(c: Context<any, any>, target: ScriptTarget, root: string): Promise<Reply> {
    const content = await requestContent(c, this.#limits.bufferBytes)
    const documentRoot = this.#options.documentRoot ?? root
    const head = requestHead(metaVariables(c, target, documentRoot, content.length, this.#options, this.#passOn))
    return answered(c, await this.#ask(c, head, content), this.#options)
  }

  async #ask(c: Context<any, any>, head: Uint8Array, content: RequestContent): Promise<Reply | LocalRedirect> {
    const lease = await this.#pool.lease(c.signal)
    if (c.signal.aborted) {
      lease.cancel()
      throw c.signal.reason
    }
    const { reused } = lease
    const exchange = lease.begin(head, new ScriptErrors(c, this.#options.onStderr))
    const abort = (): void => exchange.fail(c.signal.reason)
    c.signal.addEventListener('abort', abort)
    // Even when the reply is never sent: middleware may replace it.
    c.done(abort)
    void exchange.feed(content.chunks)
    try {
      return await readScriptReply(exchange, this.#limits.headBytes)
    } catch (error) {
      exchange.fail(error)
      if (reused && mayRepeat(c, content, exchange)) return this.#ask(c, head, content)
      throw error
    }
  }
}

/** Whether the connection failed in a way that suggests the application closed it while the request was on its way (RFC 9110 §9.2.2). */
function mayRepeat(
  { method, signal }: Context<any, any>,
  { length }: RequestContent,
  exchange: FastCgiExchange,
): boolean {
  return exchange.lost && !length && !signal.aborted && (method === 'GET' || method === 'HEAD' || method === 'OPTIONS')
}
