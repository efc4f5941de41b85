// Checks shared by any number of probes.
import { type MaybePromise, guardSignal, printError } from '@spillway/core'

/** Checks something that the server cannot do without; fails by throwing or by returning false. */
export type Check = (signal: AbortSignal) => MaybePromise<unknown>

/** The result of each check. */
export type Results = Readonly<Record<string, 'ok' | 'failed' | 'timeout'>>

/** Runs checks for all probes: one round at a time, whose results are kept for a while. */
export class Checks {
  readonly #checks: readonly (readonly [name: string, check: Check])[]
  readonly #timeout: number
  readonly #maxAge: number
  #running: Promise<Results> | undefined
  #last: Results = {}
  #until = -Infinity

  /** @param timeout of each check. @param maxAge of results. Both in milliseconds. */
  constructor(checks: Readonly<Record<string, Check>>, timeout: number, maxAge: number) {
    this.#checks = Object.entries(checks)
    this.#timeout = timeout
    this.#maxAge = maxAge
  }

  results(): MaybePromise<Results> {
    if (this.#checks.length === 0 || performance.now() < this.#until) return this.#last
    return (this.#running ??= this.#run())
  }

  async #run(): Promise<Results> {
    const results = await Promise.all(
      this.#checks.map(async ([name, check]) => [name, await this.#ask(check)] as const),
    )
    this.#last = Object.fromEntries(results)
    this.#until = performance.now() + this.#maxAge
    this.#running = undefined
    return this.#last
  }

  async #ask(check: Check): Promise<Results[string]> {
    const controller = new AbortController()
    guardSignal(controller.signal, (error) => printError('a listener on the signal of a check', error))
    let timer: NodeJS.Timeout | undefined
    // A check that ignores the signal is not waited for either.
    const late = new Promise<'timeout'>((resolve) => {
      timer = setTimeout(() => {
        controller.abort(new DOMException('The check took too long', 'TimeoutError'))
        resolve('timeout')
      }, this.#timeout)
    })
    const done = (async () => ((await check(controller.signal)) === false ? 'failed' : 'ok'))().catch(
      () => 'failed' as const,
    )
    const result = await Promise.race([done, late])
    clearTimeout(timer)
    return result
  }
}
