// A framework's program, in a separate process.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The servers that a program can run on. */
export const grounds = ['node:http', 'Spillway'] as const
export type Ground = (typeof grounds)[number]

/** A program with another framework, in a separate process. */
export class Program {
  readonly #child: ChildProcess
  readonly #seen: unknown[] = []
  /** Listened for from the start: later, the message would be missed. */
  readonly #port: Promise<number>
  /** What it printed on stderr. */
  errors: string = ''

  /** @param installed the URL of `@spillway/node`. */
  constructor(file: string, args: readonly string[], ground: Ground, installed: string) {
    this.#child = fork(fileURLToPath(new URL(`../programs/${file}`, import.meta.url)), [...args], {
      execArgv: ground === 'Spillway' ? ['--import', installed] : [],
      env: { ...process.env, NODE_OPTIONS: '', SPILLWAY_QUIET: '1', NODE_ENV: 'production' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child.stderr!.on('data', (text) => (this.errors += text))
    this.#child.on('message', (message: { seen?: unknown }) => {
      if ('seen' in message) this.#seen.push(message.seen)
    })
    this.#port = this.#message().then((message) => (message as { port: number }).port)
    this.#port.catch(() => {})
  }

  /** Resolves with the port that it listens on. @throws Error when it does not. */
  port(): Promise<number> {
    return this.#port
  }

  /** What it has reported under an id; undefined when it does not within two seconds. */
  async told(id: number): Promise<unknown> {
    for (let turns = 0; turns < 200 && this.isAlive; turns++) {
      const at = this.#seen.findIndex((one) => (one as { id?: number }).id === id)
      if (at >= 0) return (this.#seen.splice(at, 1)[0] as { log: unknown }).log
      await pause(10)
    }
    return undefined
  }

  /** What it has reported; waits for `count` reports. @param most milliseconds. */
  async seen(count: number, most: number = 2000): Promise<unknown[]> {
    const late = performance.now() + most
    while (this.#seen.length < count && performance.now() < late && this.isAlive) await pause(10)
    return this.#seen.splice(0)
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Ends it in its own way. Resolves with whether it ended gracefully. */
  async close(): Promise<boolean> {
    if (!this.isAlive) return false
    const exit = once(this.#child, 'exit')
    this.#child.send('close')
    const isEnded = await Promise.race([exit.then(() => true), pause(8000).then(() => false)])
    this.kill()
    await exit
    return isEnded
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async #message(): Promise<unknown> {
    const ended = once(this.#child, 'exit').then(() => Promise.reject(new Error(`It has ended: ${this.errors}`)))
    const [message] = (await Promise.race([once(this.#child, 'message'), ended])) as [unknown]
    ended.catch(() => {})
    return message
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
