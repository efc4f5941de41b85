// A running script.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { HttpError, ignore } from '@spillway/core'
import type { MetaVariables } from './meta-variables.ts'
import type { ScriptErrors } from './script-errors.ts'
import type { ScriptOutput } from './script-reply.ts'

/** Limits of a process. */
export interface ProcessLimits {
  /** Milliseconds from its start to its end. */
  readonly timeout: number
  /** Bytes of output. */
  readonly outputBytes: number
}

/** Milliseconds that a script has to clean up when it is told to end. */
const grace = 1000

/** Processes in a group of their own can be ended together with those they started. */
const grouped = process.platform !== 'win32'

type Child = ChildProcessByStdio<Writable, Readable, Readable>

/**
 * One run of a script: its output, read no faster than it is asked for. A failure of any kind (too slow, too much output, killed by a
 * signal, content that never came) ends the process with its group, and is what `next` throws. `return` ends it as well.
 */
export class ScriptProcess implements ScriptOutput {
  readonly #child: Child
  readonly #limits: ProcessLimits
  readonly #timer: NodeJS.Timeout
  #failure: unknown
  #failed = false
  #output = 0
  #closed = false
  #killer: NodeJS.Timeout | undefined
  #wake: (() => void) | undefined
  #exitCode: number | null = null
  #strict = false

  /**
   * Starts the script in its own directory (RFC 3875 §7.2) and process group.
   * @throws HttpError 500 when it cannot be run, 503 when the system has no resources for it.
   */
  static async start(
    file: string,
    args: readonly string[],
    env: MetaVariables,
    limits: ProcessLimits,
    errors: ScriptErrors,
  ): Promise<ScriptProcess> {
    let child: Child
    try {
      child = spawn(file, args, { cwd: dirname(file), env, detached: grouped, stdio: ['pipe', 'pipe', 'pipe'] })
      await once(child, 'spawn')
    } catch (cause) {
      const busy = ['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM'].includes((cause as NodeJS.ErrnoException).code ?? '')
      throw new HttpError(busy ? 503 : 500, `The script cannot be run: ${file}`, { cause })
    }
    return new ScriptProcess(child, limits, errors)
  }

  private constructor(child: Child, limits: ProcessLimits, errors: ScriptErrors) {
    this.#child = child
    this.#limits = limits
    this.#timer = setTimeout(() => this.fail(new HttpError(504, 'The script took too long')), limits.timeout)
    const { stdin, stdout, stderr } = child
    // A script need not read its content, so a failed write is no error.
    stdin.on('error', ignore)
    stdout.on('readable', () => this.#notify()).on('error', (error: Error) => this.fail(error))
    stderr.on('data', (bytes: Uint8Array) => errors.push(bytes)).on('error', ignore)
    child.on('error', ignore).on('close', (code, signal) => this.#close(code, signal))
  }

  /** Whether the process has ended, along with everything that holds its output open. */
  get closed(): boolean {
    return this.#closed
  }

  /** Resolves when that is the case. */
  async whenClosed(): Promise<void> {
    // Node's `once` would reject if an error came first.
    if (!this.#closed) await new Promise((resolve) => this.#child.once('close', resolve))
  }

  /** From now on, exiting with a status other than 0 is a failure, too. */
  mustSucceed(): void {
    this.#strict = true
  }

  /** Gives the script its content, as fast as it takes it; resolves when the script accepts no more. */
  async feed(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const { stdin } = this.#child
    try {
      for await (const chunk of chunks) {
        if (stdin.destroyed) return
        if (!stdin.write(chunk)) await drained(stdin)
      }
      stdin.end()
    } catch (error) {
      this.fail(error)
    }
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      if (this.#failed) throw this.#failure
      const value = this.#child.stdout.read() as Uint8Array | null
      if (value) return { done: false, value: this.#counted(value) }
      if (this.#closed && this.#strict && this.#exitCode !== 0)
        throw new HttpError(502, `The script ended with status ${this.#exitCode}`)
      if (this.#closed) return { done: true, value: undefined }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.fail(new Error('The output of the script is not wanted any more'))
    return Promise.resolve({ done: true, value: undefined })
  }

  /** Ends the run, unless it has already ended. */
  fail(reason: unknown): void {
    if (this.#closed || this.#failed) return
    this.#failure = reason
    this.#failed = true
    this.#signal('SIGTERM')
    this.#killer = setTimeout(() => {
      this.#signal('SIGKILL')
      // A process that left the group may still hold the other ends open.
      for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) stream.destroy()
    }, grace)
    // A process that waits for us to read would never end.
    this.#child.stdout.destroy()
    this.#notify()
  }

  #counted(value: Uint8Array): Uint8Array {
    this.#output += value.length
    if (this.#output <= this.#limits.outputBytes) return value
    this.fail(new HttpError(502, `The script gave more than ${this.#limits.outputBytes} bytes`))
    throw this.#failure
  }

  #close(code: number | null, signal: NodeJS.Signals | null): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#killer)
    if (signal !== null && !this.#failed) {
      this.#failed = true
      this.#failure = new HttpError(502, `The script was ended by ${signal}`)
    }
    this.#exitCode = code
    this.#closed = true
    // Nobody needs what it left running in its group.
    this.#signal('SIGKILL')
    this.#notify()
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child
    if (!grouped) this.#child.kill(signal)
    else if (pid !== undefined)
      try {
        process.kill(-pid, signal)
      } catch {
        // The group has no processes left.
      }
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}

function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    stream.once('drain', resolve).once('close', resolve)
  })
}
