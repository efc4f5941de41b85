// Scripts that run for each request (RFC 3875).
import { realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Context, HttpError, type MaybePromise, type Reply } from '@spillway/core'
import { type Rules, type Settled, flag, readOptions, record, section, text, whole } from '@spillway/core/options'
import { queryWords } from './lib/cgi/command-line.ts'
import { type MetaVariables, metaVariables, passedOn } from './lib/cgi/meta-variables.ts'
import { requestContent } from './lib/cgi/request-content.ts'
import { ScriptErrors } from './lib/cgi/script-errors.ts'
import { type ScriptOptions, answered } from './lib/cgi/script-options.ts'
import { ScriptProcess } from './lib/cgi/script-process.ts'
import { readScriptReply } from './lib/cgi/script-reply.ts'
import { type ScriptTarget, findScript, isExecutable, readScriptPath, wholePath } from './lib/cgi/script-target.ts'
import { Folder } from './lib/files/folder.ts'
import { refused } from './lib/http/problem.ts'
import { named } from './lib/layers/layer-trace.ts'
import type { Next } from './lib/layers/types.ts'

import { scriptRules } from './lib/cgi/script-rules.ts'

export type { ScriptOptions } from './lib/cgi/script-options.ts'

/** What a script may use. */
export interface CgiLimits {
  /** Milliseconds from its start to its end. Default: 60 000. */
  readonly timeout: number
  /** Bytes of its output, head included. Default: 64 MiB. */
  readonly outputBytes: number
  /** Bytes of the head of its reply. Default: 16 KiB. */
  readonly headBytes: number
  /** Scripts that run at the same time; further requests are answered 503. Default: 32. */
  readonly processes: number
  /** Bytes of content kept in memory when a request does not declare its length; 411 for more. Default: 1 MiB. */
  readonly bufferBytes: number
}

/** Options of {@link cgi}. */
export interface CgiOptions extends ScriptOptions {
  /** Variables for the environment of scripts, in addition to the meta-variables and our own PATH, TZ and (on Windows) SystemRoot. */
  readonly env?: Readonly<Record<string, string>>
  /**
   * Whether a query without `=` becomes words of the command line (RFC 3875 §4.4). Default: false, because a word may be an option
   * of the interpreter. Even when true, words that begin with a hyphen are not passed.
   */
  readonly commandLine?: boolean
  readonly limits?: Partial<CgiLimits>
}

interface CgiSettings extends Settled<CgiOptions, 'env' | 'commandLine'> {
  readonly limits: CgiLimits
}

const rules: Rules<CgiSettings> = {
  ...scriptRules,
  env: record(text()),
  commandLine: flag(),
  limits: section({
    timeout: whole(60_000, { from: 1, to: 2 ** 31 - 1 }),
    outputBytes: whole(64 * 1024 * 1024),
    headBytes: whole(16 * 1024, { from: 1 }),
    processes: whole(32, { from: 1 }),
    bufferBytes: whole(1024 * 1024),
  }),
}

// decision 022
/** What scripts inherit from our own environment: where programs are, and the time zone. */
const inherited = ['PATH', 'TZ', 'SystemRoot']

/** Runs scripts: as a handler, or as middleware that passes on requests for which there is no script. */
export type Cgi = (c: Context<any, any>, next?: Next) => MaybePromise<Reply>

/**
 * Runs scripts by CGI/1.1 (RFC 3875), one process for each request. Below a catch-all route, `/cgi-bin/:path*`, the parameter
 * `path` names the script; anywhere else the whole path does. What follows the name of the script is its PATH_INFO. With a path
 * to a file as `root`, that one script answers everything.
 *
 * Only executable regular files inside the directory are run, and none whose name begins with a dot. Content and output
 * are streamed at the reader's pace. The process and its group are ended when its time is over, when its output is too
 * large, or when the client ends its side. The reply is 504 for a script that is too slow, and 502 for one that fails or whose head is
 * not valid; once the head was sent, the reply is cut instead. Scripts that write their own status line (NPH, §5) are not supported: 502.
 * @param root a directory of scripts, or a single script; links in the name of a directory are followed for each request.
 * @throws Error when there is no such file; TypeError when `passOn` names a field that no script may get.
 */
export function cgi(root: string | URL, options: CgiOptions = {}): Cgi {
  const real = realpathSync(typeof root === 'string' ? root : fileURLToPath(root))
  const folder = statSync(real).isDirectory() ? new Folder(root) : undefined
  const settings = readOptions(rules, options)
  const runner = new Runner(settings.limits, settings)
  return named('cgi', async (c, next) => {
    const path = readScriptPath(c)
    if (path === 'malformed') return refused(400)
    if (path && !folder) return runner.run(c, wholePath(real, path), dirname(real))
    const within = path && (await folder?.real())
    const target = within === undefined ? undefined : await findScript(within, path!, isExecutable)
    if (target) return runner.run(c, target, within!)
    return next ? next() : refused(404)
  })
}

class Runner {
  readonly #limits: CgiLimits
  readonly #options: CgiOptions
  readonly #env: MetaVariables
  readonly #passOn: ReadonlySet<string>
  #running = 0

  constructor(limits: CgiLimits, options: CgiOptions) {
    this.#limits = limits
    this.#options = options
    this.#env = { ...ownEnvironment(), ...options.env }
    this.#passOn = passedOn(options)
  }

  async run(c: Context<any, any>, target: ScriptTarget, root: string): Promise<Reply> {
    if (this.#running >= this.#limits.processes) throw busy()
    this.#running++
    let script: ScriptProcess | undefined
    try {
      script = await this.#start(c, target, root)
      const reply = await readScriptReply(script, this.#limits.headBytes)
      // A script that itself reports an error may well exit with a failure.
      if (!('status' in reply && reply.status >= 400)) script.mustSucceed()
      if (!('body' in reply && reply.body)) await script.next()
      return await answered(c, reply, this.#options)
    } catch (error) {
      script?.fail(error)
      throw error
    } finally {
      if (script) void script.whenClosed().then(() => this.#running--)
      else this.#running--
    }
  }

  async #start(c: Context<any, any>, target: ScriptTarget, root: string): Promise<ScriptProcess> {
    const content = await requestContent(c, this.#limits.bufferBytes)
    const documentRoot = this.#options.documentRoot ?? root
    const variables = metaVariables(c, target, documentRoot, content.length, this.#options, this.#passOn)
    const args = this.#options.commandLine ? queryWords(c) : []
    const errors = new ScriptErrors(c, this.#options.onStderr)
    const script = await ScriptProcess.start(target.file, args, { ...this.#env, ...variables }, this.#limits, errors)
    const abort = (): void => script.fail(c.signal.reason)
    if (c.signal.aborted) abort()
    c.signal.addEventListener('abort', abort)
    void script.whenClosed().then(() => c.signal.removeEventListener('abort', abort))
    // Even when the reply is never sent: middleware may replace it.
    c.done(abort)
    void script.feed(content.chunks)
    return script
  }
}

function busy(): HttpError {
  const error = new HttpError(503, 'Too many scripts are running')
  error.headers.set('Retry-After', '1')
  return error
}

function ownEnvironment(): MetaVariables {
  const env: MetaVariables = {}
  for (const name of inherited) if (process.env[name] !== undefined) env[name] = process.env[name]
  return env
}
