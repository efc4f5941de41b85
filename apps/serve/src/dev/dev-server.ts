// Runs an application, again after each change.
import type { ChildProcess } from 'node:child_process'
import { type Server as NetServer, type Socket, createServer as createNetServer } from 'node:net'
import { NodeTransport, type Server, createServer } from '@spillway/core'
import type { Failure } from './frame.ts'
import type { ToParent, ToWorker } from './messages.ts'
import { failing } from './page.ts'
import { Spares, type WorkerSettings, startWorker } from './spare.ts'
import { watchSources } from './watch.ts'

/** Serves a connection in this process. Nothing was read from it before, because it might have been handed over to a worker. */
function acceptHere(server: Server, socket: Socket): void {
  server.accept(new NodeTransport(socket))
  socket.resume()
}

/** The program to run, and where it listens. The sources of the whole project are watched. */
export interface DevSettings extends WorkerSettings {
  readonly port: number
  readonly host: string
  readonly inspect: number | undefined
  readonly print: (text: string) => void
}

/** Most connections that may wait for a worker; a browser opens a few. */
const mostWaiting = 1000
/** Milliseconds until a worker that does not exit is killed. */
const lateness = 12_000
/** Milliseconds without another change before a worker is started that was not prepared: many files may be saved one by one. */
const coldQuiet = 50

/** Sources of the application. Other files, such as settings, may have been read by packages that are loaded ahead of time. */
const program = /\.(?:[cm]?[jt]sx?|html|css|sql)$/

/**
 * Runs an application in a worker process, a new one for each change. The listening socket is the parent's, which hands over
 * what it accepts: while no worker is ready, connections wait, and none is refused.
 */
export class DevServer {
  readonly #settings: DevSettings
  readonly #listener: NetServer
  readonly #waiting: Socket[] = []
  #worker: ChildProcess | undefined
  /** Workers that were started ahead of time, for the next changes. */
  readonly #spares: Spares
  /** The installed packages that the application has imported, as far as known. */
  #packages: readonly string[] = []
  /** Answers with the error while the application cannot run. */
  #failing: Server | undefined
  #isReady = false
  /** Whether the application listens on ports of its own, which the next worker can use only after it has closed them. */
  #isListening = false
  #generation = 0
  #changedAt = performance.now()
  /** Waits before the next worker is started. */
  #soon: ReturnType<typeof setTimeout> | undefined
  #stopWatching: () => void = () => {}

  constructor(settings: DevSettings) {
    this.#settings = settings
    this.#spares = new Spares(settings)
    this.#listener = createNetServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => this.#give(socket))
  }

  /** @throws the system's error when it cannot listen. */
  async start(): Promise<string> {
    const { root, port, host } = this.#settings
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
    clearTimeout(this.#soon)
    this.#stopWatching()
    this.#listener.close()
    for (const socket of this.#waiting.splice(0)) socket.destroy()
    const worker = this.#worker
    // Its exit is expected now, and not reported.
    this.#worker = undefined
    if (worker?.connected) {
      worker.disconnect()
      setTimeout(() => worker.kill('SIGKILL'), lateness).unref()
    }
    this.#spares.drop()
    void this.#failing?.close({ deadline: 0 })
  }

  #change(file: string): void {
    clearTimeout(this.#soon)
    this.#spares.pause()
    this.#changedAt = performance.now()
    this.#settings.print(`${file} has changed`)
    if (program.test(file)) this.#spares.dropOld()
    else this.#spares.drop()
    const failed = this.#failing
    this.#failing = undefined
    this.#isReady = false
    void failed?.close({ deadline: 1000 })
    this.#retire(() => {
      if (this.#spares.any) this.#run()
      else this.#soon = setTimeout(() => this.#run(), coldQuiet)
    })
  }

  /** Lets the worker finish the requests under way; `goOn` then starts the next one. */
  #retire(goOn: () => void): void {
    const old = this.#worker
    this.#worker = undefined
    if (!old?.connected) return goOn()
    setTimeout(() => old.kill('SIGKILL'), lateness).unref()
    old.send({ say: 'drain' } satisfies ToWorker)
    if (this.#settings.inspect === undefined && !this.#isListening) return goOn()
    // Only one process can listen on a port, the debugger's included. Whichever event comes first counts, unless there was another change.
    const generation = this.#generation
    const once = (): void => {
      if (generation !== this.#generation || this.#worker) return
      goOn()
    }
    old.on('message', ({ say }: ToParent) => {
      if (say === 'draining') once()
    })
    old.once('exit', once)
  }

  #run(): void {
    const { inspect } = this.#settings
    const worker = (this.#worker = this.#spares.take() ?? startWorker(this.#settings))
    this.#isListening = false
    worker.on('message', (message: ToParent) => {
      if (worker !== this.#worker) return
      if (message.say === 'ready') this.#ready(worker)
      else if (message.say === 'listening') this.#isListening = true
      else if (message.say === 'loaded') this.#spares.prepare((this.#packages = message.packages))
      else if (message.say === 'failed') this.#fail(message.failure)
    })
    worker.on('exit', (code, signal) => {
      if (worker !== this.#worker) return
      this.#worker = undefined
      const text = `The application has ended with ${signal ?? `code ${code}`}; it starts again when a file changes`
      this.#settings.print(text)
      if (!this.#failing) this.#fail({ text, frame: undefined })
    })
    const generation = String(++this.#generation)
    worker.send({ say: 'run', generation, ...(inspect !== undefined && { inspect }) } satisfies ToWorker)
  }

  #ready(worker: ChildProcess): void {
    this.#isReady = true
    this.#settings.print(`ready in ${Math.round(performance.now() - this.#changedAt)} ms`)
    for (const socket of this.#waiting.splice(0)) this.#hand(worker, socket)
  }

  #fail(failure: Failure): void {
    this.#isReady = false
    this.#failing = createServer(failing(failure, `failed ${this.#generation}`))
    for (const socket of this.#waiting.splice(0)) acceptHere(this.#failing, socket)
    this.#spares.prepare(this.#packages)
  }

  #give(socket: Socket): void {
    // A client that leaves while it waits is not an error.
    socket.on('error', () => {})
    if (this.#isReady && this.#worker) this.#hand(this.#worker, socket)
    else if (this.#failing) acceptHere(this.#failing, socket)
    else if (this.#waiting.length < mostWaiting) this.#waiting.push(socket)
    else socket.destroy()
  }

  #hand(worker: ChildProcess, socket: Socket): void {
    if (socket.destroyed) return
    worker.send({ say: 'connection' } satisfies ToWorker, socket, (error) => {
      // The worker has just exited: the next one gets the connection.
      if (error && !socket.destroyed) this.#give(socket)
    })
  }
}
