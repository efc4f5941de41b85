// The demo: servers and clients of its own.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** A server of the demo, as the dashboard shows it. */
export interface DemoBackend {
  readonly name: string
  readonly url: string
  readonly running: boolean
}

/** Milliseconds for a server to start. */
const startTime = 20_000

/** Servers that the demo starts, and that can be killed, and clients that send requests to them through the gateway. */
export class Demo {
  /** Requests of the demo's clients, and how many of them failed. */
  asked: number = 0
  missed: number = 0
  readonly #program: string
  readonly #backends: { readonly name: string; port: number; child: ChildProcess | undefined }[]
  #timer: NodeJS.Timeout | undefined

  /** @param program the file that each server runs. */
  private constructor(program: string, count: number) {
    this.#program = program
    this.#backends = Array.from({ length: count }, (_, i) => ({
      name: String.fromCharCode(0x61 + i),
      port: 0,
      child: undefined,
    }))
  }

  static async start(program: string, count: number): Promise<Demo> {
    const demo = new Demo(program, count)
    try {
      await Promise.all(demo.#backends.map(({ name }) => demo.revive(name)))
    } catch (error) {
      demo.stop()
      throw error
    }
    return demo
  }

  get backends(): readonly DemoBackend[] {
    return this.#backends.map(({ name, port, child }) => ({
      name,
      url: `http://127.0.0.1:${port}`,
      running: child !== undefined,
    }))
  }

  /** Kills a server as a crash would. False when none of this name is running. */
  kill(name: string): boolean {
    return this.#find(name)?.child?.kill('SIGKILL') ?? false
  }

  /** Starts a killed server again, on its port. False when there is none of this name, or it is running. */
  async revive(name: string): Promise<boolean> {
    const backend = this.#find(name)
    if (!backend || backend.child) return false
    const child = fork(this.#program, ['--demo-backend', name, String(backend.port)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    backend.child = child
    child.once('exit', () => {
      backend.child = undefined
    })
    const ended = once(child, 'exit').then(() => {
      throw new Error(`The demo's server ${name} has ended`)
    })
    ended.catch(() => {})
    const [port] = (await Promise.race([
      once(child, 'message', { signal: AbortSignal.timeout(startTime) }),
      ended,
    ])) as [number]
    backend.port = port
    return true
  }

  /** Requests a path again and again. */
  ask(url: string, perSecond: number): void {
    if (perSecond === 0) return
    this.#timer = setInterval(() => void this.#askOnce(url), 1000 / perSecond).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    for (const { child } of this.#backends) child?.kill('SIGKILL')
  }

  async #askOnce(url: string): Promise<void> {
    this.asked++
    try {
      const response = await fetch(url)
      await response.arrayBuffer()
      if (!response.ok) this.missed++
    } catch {
      this.missed++
    }
  }

  #find(name: string): { readonly name: string; port: number; child: ChildProcess | undefined } | undefined {
    return this.#backends.find((backend) => backend.name === name)
  }
}
