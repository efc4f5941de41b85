// Workers that are started ahead of time.
import { type ChildProcess, fork } from 'node:child_process'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ToParent, ToWorker } from './messages.ts'

/** What a worker runs. */
export interface WorkerSettings {
  /** The module of the application. */
  readonly file: string
  /** The folder of the project. */
  readonly root: string
  /** What Node.js is told so that it runs the file. */
  readonly execArgv: readonly string[]
}

/** Starts a process that waits for being told to run the application. */
export function startWorker({ root, file, execArgv }: WorkerSettings): ChildProcess {
  const child = fork(fileURLToPath(new URL('dev-worker.js', import.meta.url)), [root, file], {
    execArgv: ['--enable-source-maps', ...execArgv],
    env: { NODE_ENV: 'development', ...process.env },
  })
  // It tells by ending.
  child.on('error', () => {})
  return child
}

/** A worker that has not begun, and loads ahead of time what the one before it has loaded of what is installed. */
export class Spare {
  readonly child: ChildProcess
  readonly #since: number = Date.now()
  #files: readonly string[] = []

  constructor(settings: WorkerSettings, packages: readonly string[]) {
    this.child = startWorker(settings)
    this.child.on('message', (message: ToParent) => {
      if (message.say === 'prepared') this.#files = message.files.map((url) => fileURLToPath(url))
    })
    this.child.send({ say: 'prepare', packages } satisfies ToWorker)
  }

  /** Whether it is there, and all that it has loaded is still as it was: `npm install` may have been at work. */
  get isFresh(): boolean {
    if (!this.child.connected) return false
    return this.#files.every((file) => {
      const stats = statSync(file, { throwIfNoEntry: false })
      return stats !== undefined && stats.ctimeMs < this.#since
    })
  }

  /** Ends it. */
  drop(): void {
    if (this.child.connected) this.child.disconnect()
  }
}
