// The addresses of a server's name, for each new connection.
import type { LookupAddress, LookupOptions } from 'node:dns'
import dns from 'node:dns/promises'
import type { LookupFunction } from 'node:net'

/** Milliseconds to wait for an answer when there is an older one. */
const patience = 1000

/**
 * Looks a name up. When nobody answers, or says that there is no such name, it has the addresses that it had before: a name
 * server that is in trouble makes no server unreachable.
 */
export class NameLookup {
  #last: readonly LookupAddress[] | undefined
  /** There is one question at a time, because the system has few threads for all of them. */
  #asking: Promise<readonly LookupAddress[]> | undefined

  /** For `connect` of `node:net`. */
  readonly lookup: LookupFunction = (...asked) => void this.#answer(...asked)

  async #answer(...[name, options, done]: Parameters<LookupFunction>): Promise<void> {
    let all
    try {
      all = await this.#addresses(name, options)
    } catch (error) {
      return done(error as Error, '')
    }
    if (options.all) done(null, [...all])
    else done(null, all[0]!.address, all[0]!.family)
  }

  async #addresses(name: string, options: LookupOptions): Promise<readonly LookupAddress[]> {
    this.#asking ??= this.#ask(name, options)
    const last = this.#last
    if (!last) return this.#asking
    let timer: NodeJS.Timeout | undefined
    const enough = new Promise<readonly LookupAddress[]>((resolve) => {
      timer = setTimeout(resolve, patience, last)
    })
    try {
      return await Promise.race([this.#asking, enough])
    } catch {
      return last
    } finally {
      clearTimeout(timer)
    }
  }

  async #ask(name: string, options: LookupOptions): Promise<readonly LookupAddress[]> {
    try {
      this.#last = await dns.lookup(name, { ...options, all: true })
      return this.#last
    } finally {
      this.#asking = undefined
    }
  }
}
