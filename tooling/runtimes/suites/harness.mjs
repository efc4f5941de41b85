// Used by every suite, in every runtime: runs checks, and starts programs with the runtime that it runs in itself.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

const { Bun, Deno, process } = globalThis
/** Milliseconds that a check may take: one that hangs fails, and the others continue. */
const patience = 60_000
const started = new Set()

function nothing() {}

/** The command line that runs a program with this runtime. @param first a module of a package to load before the program. */
function commandLine(args, first) {
  const ahead = (...options) => (first === undefined ? [] : options)
  if (Bun) return [...ahead('--preload', first), ...args]
  if (Deno) return ['run', '-A', '--no-lock', ...ahead('--import', `npm:${first}`), ...args]
  return [...ahead('--import', first), ...args]
}

/** A running program. */
class Program {
  out = ''
  err = ''
  /**
   * Its exit status, or the signal that ended it, once all its output has been read.
   * @type {number | string | null}
   */
  code = null
  #wake = nothing

  constructor(child) {
    this.child = child
    child.stdout.setEncoding('utf8').on('data', (text) => this.#tell('out', text))
    child.stderr.setEncoding('utf8').on('data', (text) => this.#tell('err', text))
    child.on('error', (error) => this.#tell('err', error.message))
    child.on('close', (code, signal) => {
      this.code = code ?? signal
      started.delete(this)
      this.#wake()
    })
  }

  #tell(where, text) {
    this[where] += text
    this.#wake()
  }

  #next() {
    return new Promise((resolve) => (this.#wake = resolve))
  }

  /** Waits for output that matches a pattern, and returns its first group. */
  async said(pattern) {
    for (;;) {
      const text = `${this.out}${this.err}`
      const found = pattern.exec(text)
      if (found) return found[1]
      if (this.code !== null) throw new Error(`it ended with ${this.code}: ${text.slice(-2000)}`)
      await this.#next()
    }
  }

  /** Waits for the program to end, after sending this signal, if one is given. */
  async end(signal) {
    // Not with `child.kill`, after which Deno assumes that the signal has ended the program.
    if (signal) process.kill(this.child.pid, signal)
    while (this.code === null) await this.#next()
    return this.code
  }
}

/** Starts a program. Whatever still runs when its check is over is killed. */
export function start(args, { first, cwd, env } = {}) {
  const program = new Program(
    spawn(process.execPath, commandLine(args, first), {
      cwd,
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // The program and its child processes form a group, which can be ended together.
      detached: true,
    }),
  )
  started.add(program)
  return program
}

/** Runs a program to its end. @throws when its exit status differs from `status`. */
export async function run(args, { status = 0, ...options } = {}) {
  const program = start(args, options)
  const code = await program.end()
  if (code !== status) throw new Error(`it ended with ${code}: ${program.out}${program.err}`)
  return program
}

async function endAll() {
  const left = [...started]
  started.clear()
  await Promise.all(
    left.map(async ({ child }) => {
      const ended = once(child, 'exit')
      process.kill(-child.pid, 'SIGKILL')
      await ended
    }),
  )
}

/** Runs checks, one after the other. */
export async function runChecks(checks) {
  const failed = []
  for (const [check, perform] of Object.entries(checks)) {
    let timer
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`nothing after ${patience / 1000} s`)), patience)
    })
    try {
      await Promise.race([perform(), late])
    } catch (error) {
      failed.push({ check, error: String(error?.stack ?? error) })
    }
    clearTimeout(timer)
    await endAll()
  }
  return { passed: Object.keys(checks).length - failed.length, failed }
}
