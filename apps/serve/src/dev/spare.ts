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
  /** Arguments for Node.js, so that it can run the file. */
  readonly execArgv: readonly string[]
}

/** Starts a process that waits for the message to run the application. */
export function startWorker({ root, file, execArgv }: WorkerSettings): ChildProcess {
  const child = fork(fileURLToPath(new URL('dev-worker.js', import.meta.url)), [root, file], {
    execArgv: ['--enable-source-maps', ...execArgv],
    env: { NODE_ENV: 'development', ...process.env },
  })
  // Its exit is what counts.
  child.on('error', () => {})
  return child
}

/** How many are kept: an editor that formats a file on saving often saves it twice in a row. */
const kept = 2
/** Milliseconds before the next worker is prepared, in which a new application has the processor to itself. */
const firstAnswers = 100

// decision 099
/** Workers that wait, with the installed packages loaded that the previous worker has imported. */
export class Spares {
  readonly #settings: WorkerSettings
  #all: Spare[] = []
  #soon: ReturnType<typeof setTimeout> | undefined

  constructor(settings: WorkerSettings) {
    this.#settings = settings
  }

  /** Prepares them one after the other. @param packages as URLs. */
  prepare(packages: readonly string[]): void {
    this.pause()
    if (this.#all.length < kept) this.#soon = setTimeout(() => this.#start(packages), firstAnswers)
  }

  #start(packages: readonly string[]): void {
    const spare: Spare = new Spare(this.#settings, packages, () => {
      // It may be in use by now.
      if (this.#all.includes(spare)) this.prepare(packages)
    })
    this.#all.push(spare)
  }

  /** Prepares no more of them until the next `prepare`. */
  pause(): void {
    clearTimeout(this.#soon)
  }

  /** Whether there is one. */
  get any(): boolean {
    return this.#all.length > 0
  }

  /** The one that was started first. */
  take(): ChildProcess | undefined {
    return this.#all.shift()?.child
  }

  /** Ends those whose loaded packages have changed since, for example by `npm install`. */
  dropOld(): void {
    const old = this.#all.filter((spare) => !spare.isFresh)
    this.#all = this.#all.filter((spare) => !old.includes(spare))
    for (const spare of old) spare.drop()
  }

  /** Ends all of them. */
  drop(): void {
    this.pause()
    for (const spare of this.#all.splice(0)) spare.drop()
  }
}

class Spare {
  readonly child: ChildProcess
  readonly #since: number = Date.now()
  #files: readonly string[] = []

  constructor(settings: WorkerSettings, packages: readonly string[], prepared: () => void) {
    this.child = startWorker(settings)
    this.child.on('message', (message: ToParent) => {
      if (message.say !== 'prepared') return
      this.#files = message.files.map((url) => fileURLToPath(url))
      prepared()
    })
    this.child.send({ say: 'prepare', packages } satisfies ToWorker)
  }

  /** Whether it runs, and the files that it has loaded are unchanged. */
  get isFresh(): boolean {
    if (!this.child.connected) return false
    return this.#files.every((file) => {
      const stats = statSync(file, { throwIfNoEntry: false })
      return stats !== undefined && stats.ctimeMs < this.#since
    })
  }

  /** Nothing of it has begun. One that is still starting need not notice that its channel has closed: Deno then keeps it for ever. */
  drop(): void {
    this.child.kill('SIGKILL')
  }
}
