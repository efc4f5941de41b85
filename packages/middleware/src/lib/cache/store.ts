import type { RequestHeaders } from '@spillway/core'
import { ownText } from '../tools/known-paths.ts'
import { resourceOf } from './key.ts'
import { type Stored, valueFor } from './stored.ts'

/** Most variants kept of one resource; the oldest makes room. */
const maxVariants = 16
/** Bytes of the bookkeeping for the variants of a URL: two maps, an array, an object. */
const overhead = 256

interface Entry {
  readonly variants: readonly Stored[]
  readonly size: number
}

/** Stored responses by URL, in bounded memory: the least recently used go first. */
export class Store {
  readonly #maxBytes: number
  /** In the order of their last use. */
  readonly #entries: Map<string, Entry> = new Map()
  /** The other spellings under which variants of a resource are stored. */
  readonly #spellings: Map<string, Set<string>> = new Map()
  #bytes = 0

  /** @param maxBytes for everything, keys and fields included. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Bytes in use. */
  get bytes(): number {
    return this.#bytes
  }

  /** The newest response that matches this request (RFC 9111 §4.1). */
  find(url: string, request: RequestHeaders): Stored | undefined {
    const entry = this.#entries.get(url)
    if (!entry) return undefined
    this.#entries.delete(url)
    this.#entries.set(url, entry)
    return entry.variants.find(fitting(request))
  }

  /** The part of a request on which the responses of a URL depend: requests with the same selector get the same response. */
  selector(url: string, request: RequestHeaders): string {
    const names = new Set((this.#entries.get(url)?.variants ?? []).flatMap(({ vary }) => vary.map(([name]) => name)))
    return JSON.stringify([url, ...[...names].map((name) => valueFor(request, name))])
  }

  /** Whether another variant of the resource is stored. */
  has(url: string): boolean {
    return this.#entries.has(url)
  }

  /** Adds a response, replacing those that match the same requests. */
  put(url: string, stored: Stored, request: RequestHeaders): void {
    const fits = fitting(request)
    const others = (this.#entries.get(url)?.variants ?? []).filter((other) => !fits(other))
    this.#set(url, [stored, ...others.slice(0, maxVariants - 1)])
  }

  remove(url: string, stored: Stored): void {
    this.#set(
      url,
      (this.#entries.get(url)?.variants ?? []).filter((other) => other !== stored),
    )
  }

  /** Removes a resource, however its URL was spelled (§4.4). @param resource see {@link resourceOf}. */
  invalidate(resource: string): void {
    this.#forget(resource)
    for (const url of this.#spellings.get(resource) ?? []) this.#forget(url)
  }

  #set(url: string, variants: readonly Stored[]): void {
    this.#forget(url)
    if (variants.length === 0) return
    const key = ownText(url)
    const resource = resourceOf(key)
    let size = variants.reduce((sum, stored) => sum + stored.size, overhead + 2 * key.length)
    if (resource !== key) {
      size += 2 * (key.length + resource.length)
      const spellings = this.#spellings.get(resource)
      if (spellings) spellings.add(key)
      else this.#spellings.set(resource, new Set([key]))
    }
    this.#entries.set(key, { variants, size })
    this.#bytes += size
    for (const [oldest] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) break
      this.#forget(oldest)
    }
  }

  #forget(url: string): void {
    const entry = this.#entries.get(url)
    if (!entry) return
    this.#entries.delete(url)
    this.#bytes -= entry.size
    const resource = resourceOf(url)
    const spellings = this.#spellings.get(resource)
    if (spellings?.delete(url) && spellings.size === 0) this.#spellings.delete(resource)
  }
}

/** Makes a test of which stored responses match this request. Each of its fields is read only once. */
function fitting(request: RequestHeaders): (stored: Stored) => boolean {
  const values = new Map<string, string | undefined>()
  const valueOf = (name: string): string | undefined => {
    if (!values.has(name)) values.set(name, valueFor(request, name))
    return values.get(name)
  }
  return ({ vary }) => vary.every(([name, value]) => valueOf(name) === value)
}
