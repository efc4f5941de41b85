// The current addresses of the servers' names.
import dns from 'node:dns/promises'

/** Looks names up periodically, each for itself. When a lookup fails, a name keeps the addresses it had. */
export class Names {
  readonly #changed: (name: string, addresses: readonly string[]) => void
  readonly #known: Map<string, string> = new Map()
  readonly #timers: Map<string, NodeJS.Timeout> = new Map()
  #stopped = false

  /**
   * @param interval milliseconds between two lookups.
   * @param changed is told when the addresses of a name have changed.
   */
  constructor(
    names: ReadonlySet<string>,
    interval: number,
    changed: (name: string, addresses: readonly string[]) => void,
  ) {
    this.#changed = changed
    for (const name of names) void this.#run(name, interval)
  }

  stop(): void {
    this.#stopped = true
    for (const timer of this.#timers.values()) clearTimeout(timer)
  }

  async #run(name: string, interval: number): Promise<void> {
    await this.#look(name)
    if (this.#stopped) return
    this.#timers.set(name, setTimeout(() => void this.#run(name, interval), interval).unref())
  }

  async #look(name: string): Promise<void> {
    let found
    try {
      found = await dns.lookup(name, { all: true })
    } catch {
      return
    }
    const addresses = [...new Set(found.map(({ address }) => address))].toSorted()
    const text = addresses.join(' ')
    if (this.#stopped || addresses.length === 0 || this.#known.get(name) === text) return
    this.#known.set(name, text)
    this.#changed(name, addresses)
  }
}
