// Requests that an application answers over FastCGI, php-fpm for example.
import { realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
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
import { normalizePath } from './lib/http/path.ts'
import { refused } from './lib/http/problem.ts'
import type { Next } from './lib/layers/types.ts'

import { scriptRules } from './lib/cgi/script-rules.ts'

export type { ScriptOptions } from './lib/cgi/script-options.ts'
export type { FastCgiAddress } from './lib/fastcgi/pool.ts'

/** What an application may take. */
export interface FastCgiLimits {
  /** Milliseconds for which the application may be silent while we wait for it. Default: 60 000. */
  readonly timeout: number
  /** Bytes of the head of a reply. Default: 16 KiB. */
  readonly headBytes: number
  /**
   * Connections at the same time, each of which holds a process of php-fpm: no more than its `pm.max_children`, divided by the
   * processes of ours. Default: 4.
   */
  readonly connections: number
  /** Requests that may wait for a connection; one more is answered 503. Default: 128. */
  readonly waiting: number
  /** Milliseconds to get a connection, the wait for a free one included. Default: 5000. */
  readonly connectTimeout: number
  /** Milliseconds that a connection is kept without a request. Default: 10 000. */
  readonly idleTimeout: number
  /** Bytes of content that are kept in memory when a request does not tell their length; 411 for more. Default: 1 MiB. */
  readonly bufferBytes: number
}

/** Options of {@link fastcgi}. */
export interface FastCgiOptions extends ScriptOptions {
  readonly limits?: Partial<FastCgiLimits>
}

/** Options of {@link FastCgi.scripts}. */
export interface FastCgiScripts {
  /** The end of the names of scripts; nothing else is ever given to the application. Default: `.php`. */
  readonly extension?: string
  /** The script of a directory. Default: `index` with the extension. */
  readonly index?: string
}

/** Has scripts run elsewhere: as a handler, or as middleware that passes on what it has no script for. */
export type ScriptHandler = (c: Context<any, any>, next?: Next) => MaybePromise<Reply>

/** An application that speaks FastCGI. */
export interface FastCgi {
  /**
   * Runs the scripts of a directory that the application sees as we do. The script is found here, before anything is sent:
   * the first name in the path that is no directory must be a regular file inside the root with the extension, wherever
   * links lead. What follows it is PATH_INFO. So a picture is never run for `/picture.jpg/x.php`, however the application is
   * set up.
   * @param root the directory; what it is a link to is found out now. @throws Error when there is none.
   */
  scripts(root: string | URL, options?: FastCgiScripts): ScriptHandler
  /**
   * Has one script answer everything: a front controller, or a program without files.
   * @param file SCRIPT_FILENAME, as the application knows it; it need not be here.
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
 * Has requests answered by an application that speaks FastCGI 1.0, php-fpm for example, over TCP or a unix socket.
 * Connections are kept for the next request, and closed when nobody waits for the reply any more. Content and output are
 * streamed at the pace of who reads them. Below a catch-all route the parameter `path` is what names a script, anywhere else
 * the whole path is.
 *
 * 504 for an application that is silent, 502 for one that cannot be reached, breaks off or breaks the protocol; once the
 * head is sent, the reply is cut instead. A request without content and side effects that a kept connection fails, before a
 * byte of reply, is sent once more.
 * @throws TypeError when a field that no script gets is to be passed on.
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
      const real = realpathSync(typeof root === 'string' ? root : fileURLToPath(root))
      const accepts = (file: string, name: string): boolean => name.endsWith(extension) && file.endsWith(extension)
      const find = (path: ScriptPath): Promise<ScriptTarget | undefined> => findScript(real, path, accepts, index)
      return async (c, next) => {
        const path = readScriptPath(c)
        if (path === 'malformed') return refused(400)
        const target = path && (await find(path))
        if (target) return responder.run(c, target, real)
        return path && (await find(slashed(path))) ? addSlash(c) : missing(next)
      }
    },
  }
}

function missing(next: Next | undefined): MaybePromise<Reply> {
  return next ? next() : refused(404)
}

/** The path as a directory; an empty segment is nothing's name, so adding a second one leads nowhere. */
function slashed({ prefix, segments }: ScriptPath): ScriptPath {
  return { prefix, segments: [...segments, ''] }
}

/** The redirect is relative to the path asked for, so it can never lead to another host. */
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
    // Whatever becomes of the reply: middleware may replace it.
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

/** Whether a connection failed that the application may have closed while the request was on its way (RFC 9110 §9.2.2). */
function mayRepeat(
  { method, signal }: Context<any, any>,
  { length }: RequestContent,
  exchange: FastCgiExchange,
): boolean {
  return exchange.lost && !length && !signal.aborted && (method === 'GET' || method === 'HEAD' || method === 'OPTIONS')
}
