// Starts and stops the lab.
import { type Server, type Timeouts, createServer, defaultTimeouts, errorFacts, printError } from '@spillway/core'
import {
  type Rules,
  type Settled,
  amount,
  flag,
  optional,
  readOptions,
  required,
  section,
  text,
  thing,
  whole,
} from '@spillway/core/options'
import { type Snapshot, freeze } from '@spillway/inspect/model'
import { wireLab } from './app.ts'
import type { Target } from './client.ts'
import { Feed, Recorder, isLoopback } from '@spillway/inspect/parts'
import type { Programs } from './many.ts'
import { Crash } from './things.ts'
import type { Bench } from './tries/try.ts'

export interface LabOptions {
  /** Default: `127.0.0.1`, this machine only. */
  readonly host?: string
  /** Default: the preferred port, or any free one when that is taken. */
  readonly port?: number
  /** Default: 3000. */
  readonly preferredPort?: number
  /** The folder of the site. */
  readonly root: URL
  /** The folder of the project, whose source files the tour shows. Default: it shows none. */
  readonly sources?: URL
  /**
   * Whether visitors may make the lab do something, and read the bytes of all connections, including those of others.
   * Default: only when it is bound to a loopback address.
   */
  readonly control?: boolean
  /** The programs of the server comparison. Default: the lab does not offer it. */
  readonly programs?: Programs
  /** Whether requests are printed. Default: no. */
  readonly log?: boolean
  /** Default: shorter than core's, so that one can watch them expire. */
  readonly timeouts?: Partial<Timeouts>
}

export interface Lab {
  readonly url: string
  readonly port: number
  /** What the server recorded of itself. */
  readonly recorder: Recorder
  /** Ends the event streams at once and everything else gracefully; connections left after the deadline (ms) are cut off. */
  close(deadline?: number): Promise<void>
}

/** Shorter than core's, so that one can watch them expire. */
const labTimeouts = { head: 6_000, keepAlive: 20_000 } as const
const timeoutRules = Object.fromEntries(
  Object.entries({ ...defaultTimeouts, ...labTimeouts }).map(([name, value]: [string, number]) => [
    name,
    amount(value),
  ]),
) as Rules<Timeouts>

type Settings = Settled<LabOptions, 'host' | 'preferredPort' | 'log' | 'timeouts'> & { readonly timeouts: Timeouts }

const ports = { to: 65_535 }
const rules: Rules<Settings> = {
  host: text('127.0.0.1', /./),
  port: optional(whole(0, ports)),
  preferredPort: whole(3000, ports),
  root: required(thing<URL>('a URL')),
  sources: thing<URL>('a URL'),
  control: optional(flag()),
  programs: thing<Programs>(),
  log: flag(),
  timeouts: section(timeoutRules),
}

/** Connections at a time; limited because the lab remembers each of them. */
const connections = 1000
/** Milliseconds that a drain for demonstration may take. */
const drainDeadline = 2_500
/** Milliseconds between two attempts to take over the port, and milliseconds after which it gives up. */
const [takeEvery, takeFor] = [10, 5_000]

/** Starts the lab. @throws TypeError or RangeError for an invalid option; the system's error when it cannot listen. */
export async function startLab(options: LabOptions): Promise<Lab> {
  const settings = readOptions(rules, options)
  const lab = new RunningLab(settings)
  await lab.start(settings)
  return lab
}

class RunningLab implements Lab {
  readonly recorder: Recorder
  readonly #feed: Feed
  readonly #make: () => Server
  readonly #host: string
  readonly #control: boolean
  #server: Server
  /** What has to end before the lab does: draining servers, started programs. */
  readonly #leaving: Set<Promise<unknown>> = new Set()
  #url = ''
  #port = 0

  constructor({ host, control = isLoopback(host), root, log, timeouts, programs, sources }: Settings) {
    this.#host = host
    this.#control = control
    this.#feed = new Feed((you): Snapshot => {
      const { url } = this
      const facts = { url, keepAliveMs: timeouts.keepAlive, headMs: timeouts.head, control }
      return {
        now: this.recorder.now(),
        epoch: this.recorder.epoch,
        you,
        server: facts,
        ...freeze(this.recorder.state),
      }
    })
    this.recorder = new Recorder((event) => this.#feed.push(event))
    const handler = wireLab({
      recorder: this.recorder,
      feed: this.#feed,
      root,
      sources,
      local: isLoopback(host),
      target: () => this.#target(),
      restart: () => this.#restart(),
      outlive: (work) => this.#outlive(work),
      programs,
      log,
    })
    this.#make = () => createServer((c) => handler(c), { timeouts, limits: { connections }, onError })
    this.#server = this.#make()
  }

  get url(): string {
    return this.#url
  }

  get port(): number {
    return this.#port
  }

  async start({ port, preferredPort }: Settings): Promise<void> {
    const host = this.#host
    this.recorder.watch(this.#server)
    try {
      await this.#server.listen({ host, port: port ?? preferredPort, http2: true })
    } catch (error) {
      if (port !== undefined || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
        this.recorder.stop()
        throw error
      }
      await this.#server.listen({ host, port: 0, http2: true })
    }
    this.#url = this.#server.url
    this.#port = this.#server.port
    this.recorder.server('listens', this.#server)
  }

  async close(deadline: number = 2_000): Promise<void> {
    await this.#server.close({ deadline })
    await Promise.all(this.#leaving)
    this.recorder.stop()
  }

  #outlive(work: Promise<unknown>): void {
    this.#leaving.add(work)
    void work.finally(() => this.#leaving.delete(work))
  }

  #target(): Target | undefined {
    if (!this.#control) return undefined
    // A server bound to all addresses is reached at the loopback address, too.
    const host = this.#host === '0.0.0.0' ? '127.0.0.1' : this.#host === '::' ? '::1' : this.#host
    return { host, port: this.#port }
  }

  /** Drains the server while another takes over its port. */
  async #restart(): ReturnType<Bench['restart']> {
    const old = this.#server
    const began = performance.now()
    this.recorder.server('drains', old)
    const closed = old.close({ deadline: drainDeadline })
    const leaving = closed.then(() => this.recorder.server('drained', old))
    this.#outlive(leaving)
    this.#server = this.#make()
    this.recorder.watch(this.#server)
    await this.#takeOver(began + takeFor)
    const away = performance.now() - began
    this.recorder.server('listens', this.#server)
    const { drained, killed } = await closed
    return { drained, killed, away }
  }

  /** Listens on the port as soon as the previous server has released it. */
  async #takeOver(until: number): Promise<void> {
    for (;;) {
      try {
        await this.#server.listen({ host: this.#host, port: this.#port, http2: true })
        return
      } catch (error) {
        if (performance.now() > until) throw error
        await new Promise((resolve) => setTimeout(resolve, takeEvery))
      }
    }
  }
}

/** Prints errors, except those that the client gets as a response and crashes made on demand. */
function onError(error: unknown): void {
  if (!(error instanceof Crash) && errorFacts(error).status >= 500) printError('wire lab', error)
}
