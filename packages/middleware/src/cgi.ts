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
import { refused } from './lib/http/problem.ts'
import type { Next } from './lib/layers/types.ts'

import { scriptRules } from './lib/cgi/script-rules.ts'

export type { ScriptOptions } from './lib/cgi/script-options.ts'

/** What a script may take. */
export interface CgiLimits {
  /** Milliseconds from its start to its end. Default: 60 000. */
  readonly timeout: number
  /** Bytes of its output, head included. Default: 64 MiB. */
  readonly outputBytes: number
  /** Bytes of the head of its reply. Default: 16 KiB. */
  readonly headBytes: number
  /** Scripts that run at the same time; one more is answered 503. Default: 32. */
  readonly processes: number
  /** Bytes of content that are kept in memory when a request does not tell their length; 411 for more. Default: 1 MiB. */
  readonly bufferBytes: number
}

/** Options of {@link cgi}. */
export interface CgiOptions extends ScriptOptions {
  /** Variables for the environment of scripts, beside the meta-variables and PATH, TZ and (on Windows) SystemRoot of ours. */
  readonly env?: Readonly<Record<string, string>>
  /**
   * Whether a query without `=` becomes words of the command line (RFC 3875 §4.4). Default: false, for a word may be an option
   * of the interpreter; and even then no word begins with a hyphen.
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

/** What scripts get of our own environment: where programs are, what time it is. */
const inherited = ['PATH', 'TZ', 'SystemRoot']

/** Runs scripts: as a handler, or as middleware that passes on what it has no script for. */
export type Cgi = (c: Context<any, any>, next?: Next) => MaybePromise<Reply>

/**
 * Runs scripts by CGI/1.1 (RFC 3875), a process for each request. Below a catch-all route, `/cgi-bin/:path*`, the parameter
 * `path` names the script, anywhere else the whole path does; what follows the name of the script is its PATH_INFO. A path
 * to a file makes this one script answer everything.
 *
 * Only executable regular files inside the directory are run, none with a name that begins with a dot. Content and output
 * are streamed at the pace of who reads them. The process is ended, with its group, when its time is over, it gives too
 * much, or the client ends its side. 504 for a script that is too slow; 502 for one that fails or whose head is not valid; once the
 * head is sent, the reply is cut instead. Scripts that write their own status line (NPH, §5) are not supported: 502.
 * @param root a directory of scripts, or one script; what it is a link to is found out now.
 * @throws Error when there is no such file; TypeError when a field that no script gets is to be passed on.
 */
export function cgi(root: string | URL, options: CgiOptions = {}): Cgi {
  const real = realpathSync(typeof root === 'string' ? root : fileURLToPath(root))
  const directory = statSync(real).isDirectory()
  const settings = readOptions(rules, options)
  const documentRoot = settings.documentRoot ?? (directory ? real : dirname(real))
  const runner = new Runner(documentRoot, settings.limits, settings)
  return (c, next) => {
    const path = readScriptPath(c)
    if (path === 'malformed') return refused(400)
    if (path && !directory) return runner.run(c, wholePath(real, path))
    const found = path && findScript(real, path, isExecutable)
    const proceed = (target: ScriptTarget | undefined): MaybePromise<Reply> =>
      target ? runner.run(c, target) : next ? next() : refused(404)
    return found ? found.then(proceed) : proceed(undefined)
  }
}

class Runner {
  readonly #documentRoot: string
  readonly #limits: CgiLimits
  readonly #options: CgiOptions
  readonly #env: MetaVariables
  readonly #passOn: ReadonlySet<string>
  #running = 0

  constructor(documentRoot: string, limits: CgiLimits, options: CgiOptions) {
    this.#documentRoot = documentRoot
    this.#limits = limits
    this.#options = options
    this.#env = { ...ownEnvironment(), ...options.env }
    this.#passOn = passedOn(options)
  }

  async run(c: Context<any, any>, target: ScriptTarget): Promise<Reply> {
    if (this.#running >= this.#limits.processes) throw busy()
    this.#running++
    let script: ScriptProcess | undefined
    try {
      script = await this.#start(c, target)
      const reply = await readScriptReply(script, this.#limits.headBytes)
      // One that tells of an error itself may well fail then.
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

  async #start(c: Context<any, any>, target: ScriptTarget): Promise<ScriptProcess> {
    const content = await requestContent(c, this.#limits.bufferBytes)
    const variables = metaVariables(c, target, this.#documentRoot, content.length, this.#options, this.#passOn)
    const args = this.#options.commandLine ? queryWords(c) : []
    const errors = new ScriptErrors(c, this.#options.onStderr)
    const script = await ScriptProcess.start(target.file, args, { ...this.#env, ...variables }, this.#limits, errors)
    const abort = (): void => script.fail(c.signal.reason)
    if (c.signal.aborted) abort()
    c.signal.addEventListener('abort', abort)
    void script.whenClosed().then(() => c.signal.removeEventListener('abort', abort))
    // Whatever becomes of the reply: middleware may replace it.
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
