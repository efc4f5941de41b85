import { type ChildProcess, fork } from 'node:child_process'
import { type Server as NetServer, type Socket, createServer as createNetServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { NodeTransport, type Server, createServer } from '@spillway/core'
import type { Failure } from './frame.ts'
import type { ToParent, ToWorker } from './messages.ts'
import { failing } from './page.ts'
import { argumentsFor } from './typescript.ts'
import { watchSources } from './watch.ts'

/** Serves a connection in this process, from which nothing has been read for it might have been handed over. */
function acceptHere(server: Server, socket: Socket): void {
  server.accept(new NodeTransport(socket))
  socket.resume()
}

/** What is run, and where. */
export interface DevSettings {
  readonly file: string
  /** The folder of the project, whose sources are watched. */
  readonly root: string
  readonly port: number
  readonly host: string
  readonly inspect: number | undefined
  readonly print: (text: string) => void
}

/** Connections that may wait for a worker; a browser has a few. */
const mostWaiting = 1000
/** Milliseconds until a worker that does not end is killed. */
const lateness = 12_000

/**
 * Runs an application in a worker process, a new one for each change. The listening socket is the parent's, which hands over
 * what it accepts: while no worker is ready, connections wait, and none is refused.
 */
export class DevServer {
  readonly #settings: DevSettings
  readonly #listener: NetServer
  readonly #waiting: Socket[] = []
  #worker: ChildProcess | undefined
  /** Started ahead of time, for the next change. */
  #spare: ChildProcess | undefined
  /** Says what is wrong, in place of a worker. */
  #failing: Server | undefined
  #isReady = false
  #generation = 0
  #changedAt = performance.now()
  #stopWatching: () => void = () => {}

  constructor(settings: DevSettings) {
    this.#settings = settings
    this.#listener = createNetServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => this.#give(socket))
  }

  /** @throws the system's error when it cannot listen; UsageError when TypeScript cannot be run. */
  async start(): Promise<string> {
    const { root, port, host } = this.#settings
    this.#spare = this.#fork()
    await new Promise<void>((resolve, reject) => {
      this.#listener.once('error', reject)
      this.#listener.listen(port, host, () => resolve())
    })
    this.#stopWatching = watchSources(root, (file) => this.#change(file))
    this.#run()
    const {
      address,
      port: taken,
      family,
    } = this.#listener.address() as { address: string; port: number; family: string }
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`
  }

  close(): void {
    this.#stopWatching()
    this.#listener.close()
    for (const socket of this.#waiting.splice(0)) socket.destroy()
    for (const worker of [this.#worker, this.#spare]) worker?.disconnect()
    void this.#failing?.close({ deadline: 0 })
  }

  #change(file: string): void {
    this.#changedAt = performance.now()
    this.#settings.print(`${file} has changed`)
    const old = this.#worker
    const failed = this.#failing
    this.#worker = undefined
    this.#failing = undefined
    this.#isReady = false
    void failed?.close({ deadline: 1000 })
    if (!old?.connected) return this.#run()
    setTimeout(() => old.kill('SIGKILL'), lateness).unref()
    // Not before: a debugger has one port. Whichever comes first; another change may have come in between.
    const generation = this.#generation
    const goOn = (): void => {
      if (generation === this.#generation) this.#run()
    }
    old.on('message', ({ say }: ToParent) => {
      if (say === 'draining') goOn()
    })
    old.once('exit', goOn)
    old.send({ say: 'drain' } satisfies ToWorker)
  }

  #run(): void {
    const { file, root, inspect } = this.#settings
    const worker = (this.#worker = this.#spare ?? this.#fork())
    this.#spare = undefined
    worker.on('message', (message: ToParent) => {
      if (worker !== this.#worker) return
      if (message.say === 'ready') this.#ready(worker)
      else if (message.say === 'failed') this.#fail(message.failure)
    })
    worker.on('exit', (code, signal) => {
      if (worker !== this.#worker) return
      this.#worker = undefined
      const text = `The application has ended with ${signal ?? `code ${code}`}; it starts again when a file changes`
      this.#settings.print(text)
      if (!this.#failing) this.#fail({ text, frame: undefined })
    })
    worker.on('error', () => {})
    const generation = String(++this.#generation)
    worker.send({ say: 'run', file, root, generation, ...(inspect !== undefined && { inspect }) } satisfies ToWorker)
  }

  #ready(worker: ChildProcess): void {
    this.#isReady = true
    this.#settings.print(`ready in ${Math.round(performance.now() - this.#changedAt)} ms`)
    for (const socket of this.#waiting.splice(0)) this.#hand(worker, socket)
    this.#spare = this.#fork()
  }

  #fail(failure: Failure): void {
    this.#isReady = false
    this.#failing = createServer(failing(failure, `failed ${this.#generation}`))
    for (const socket of this.#waiting.splice(0)) acceptHere(this.#failing, socket)
    this.#spare ??= this.#fork()
  }

  #give(socket: Socket): void {
    // Whoever leaves while waiting is no news.
    socket.on('error', () => {})
    if (this.#isReady && this.#worker) this.#hand(this.#worker, socket)
    else if (this.#failing) acceptHere(this.#failing, socket)
    else if (this.#waiting.length < mostWaiting) this.#waiting.push(socket)
    else socket.destroy()
  }

  #hand(worker: ChildProcess, socket: Socket): void {
    if (socket.destroyed) return
    worker.send({ say: 'connection' } satisfies ToWorker, socket, (error) => {
      // It has ended in this moment: another one will take it.
      if (error && !socket.destroyed) this.#give(socket)
    })
  }

  #fork(): ChildProcess {
    const { file, root } = this.#settings
    const child = fork(fileURLToPath(new URL('dev-worker.js', import.meta.url)), [root], {
      // With it, modules are resolved from where the project is.
      execArgv: ['--enable-source-maps', '--experimental-import-meta-resolve', ...argumentsFor(file)],
      env: { NODE_ENV: 'development', ...process.env },
    })
    child.on('error', () => {})
    return child
  }
}
