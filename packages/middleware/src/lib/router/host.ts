// Routes for a host, or for its subdomains.
import type { Context } from '@spillway/core'

/** A value for each of several hosts, found by the name that a request was sent to. */
export class HostMap<T> {
  readonly #names: Map<string, T> = new Map()

  get size(): number {
    return this.#names.size
  }

  entries(): IterableIterator<[name: string, value: T]> {
    return this.#names.entries()
  }

  /** @throws TypeError when it is not a host name, or already has a value. */
  add(name: string, value: T): void {
    const key = name.toLowerCase()
    if (!/^(?:(?:\*\.)?[\da-z_-]+(?:\.[\da-z_-]+)*|\[[\da-f:.]+\])$/.test(key))
      throw new TypeError(`Not a host name, which has no port and may begin with "*.": ${JSON.stringify(name)}`)
    if (this.#names.has(key)) throw new TypeError(`There already are routes for the host ${key}`)
    this.#names.set(key, value)
  }

  /** A full name takes precedence over a wildcard, which stands for exactly one label, as in certificates (RFC 9525 §6.3). */
  find(name: string): T | undefined {
    const exact = this.#names.get(name)
    if (exact !== undefined) return exact
    const dot = name.indexOf('.')
    return dot > 0 ? this.#names.get(`*${name.slice(dot)}`) : undefined
  }
}

/**
 * The host that a request is for, in lower case, without port and without the dot that may end a full name: the authority of
 * the target, if it has one, otherwise Host (RFC 9112 §3.2.2). Empty when there is none.
 */
export function hostOf(c: Context): string {
  return hostName(c.target.startsWith('/') || c.target === '*' ? (c.headers.get('host') ?? '') : c.url)
}

/** The same, from a URL or an authority. */
export function hostName(url: string): string {
  const authority = url.replace(/^\w+:\/\//, '')
  const name = /^(?:\[[^\]]*\]|[^:/?#]*)/.exec(authority)![0].toLowerCase()
  return name.endsWith('.') ? name.slice(0, -1) : name
}
