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

/** How many are kept: the second save often comes right behind the first, from an editor that puts a file in order when it is saved. */
const kept = 2
/** Milliseconds that a new application has the processor for itself, before the next worker is prepared. */
const firstAnswers = 100

// decision 099
/** Workers that have not begun, and load ahead of time what the one before them has loaded of what is installed. */
export class Spares {
  readonly #settings: WorkerSettings
  #all: Spare[] = []
  #soon: ReturnType<typeof setTimeout> | undefined

  constructor(settings: WorkerSettings) {
    this.#settings = settings
  }

  /** Has them made, one after the other, with these packages, which are URLs. */
  prepare(packages: readonly string[]): void {
    this.pause()
    if (this.#all.length < kept) this.#soon = setTimeout(() => this.#start(packages), firstAnswers)
  }

  #start(packages: readonly string[]): void {
    const spare: Spare = new Spare(this.#settings, packages, () => {
      // It may have been taken meanwhile.
      if (this.#all.includes(spare)) this.prepare(packages)
    })
    this.#all.push(spare)
  }

  /** None is made until it is told again. */
  pause(): void {
    clearTimeout(this.#soon)
  }

  /** Whether one is there. */
  get any(): boolean {
    return this.#all.length > 0
  }

  /** The one that is furthest. */
  take(): ChildProcess | undefined {
    return this.#all.shift()?.child
  }

  /** Ends those that have loaded what is another now: `npm install` may have been at work. */
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

  /** Whether it is there, and all that it has loaded is still as it was. */
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
