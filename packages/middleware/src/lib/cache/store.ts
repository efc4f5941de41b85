import type { RequestHeaders } from '@spillway/core'
import { type Stored, valueFor } from './stored.ts'

/** Forms of one resource that are kept; the oldest makes room. */
const maxVariants = 16

interface Resource {
  readonly variants: readonly Stored[]
  readonly size: number
}

/** Stored responses by URL, in bounded memory: what was not asked for the longest goes first. */
export class Store {
  readonly #maxBytes: number
  /** In the order of their last use. */
  readonly #resources: Map<string, Resource> = new Map()
  #bytes = 0

  /** @param maxBytes for everything, keys and fields included. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Bytes in use. */
  get bytes(): number {
    return this.#bytes
  }

  /** The newest response that was given to a request like this (RFC 9111 §4.1). */
  find(url: string, request: RequestHeaders): Stored | undefined {
    const resource = this.#resources.get(url)
    if (!resource) return undefined
    this.#resources.delete(url)
    this.#resources.set(url, resource)
    return resource.variants.find((stored) => fits(stored, request))
  }

  /** What the responses of a resource depend on: those that would get the same have the same. */
  selector(url: string, request: RequestHeaders): string {
    const names = new Set((this.#resources.get(url)?.variants ?? []).flatMap(({ vary }) => vary.map(([name]) => name)))
    return JSON.stringify([url, ...[...names].map((name) => valueFor(request, name))])
  }

  /** Whether there is another form of the resource. */
  has(url: string): boolean {
    return this.#resources.has(url)
  }

  /** Adds a response in place of those that were given to requests like this. */
  put(url: string, stored: Stored, request: RequestHeaders): void {
    const others = (this.#resources.get(url)?.variants ?? []).filter((other) => !fits(other, request))
    this.#set(url, [stored, ...others.slice(0, maxVariants - 1)])
  }

  remove(url: string, stored: Stored): void {
    this.#set(
      url,
      (this.#resources.get(url)?.variants ?? []).filter((other) => other !== stored),
    )
  }

  /** Forgets a resource (§4.4). */
  invalidate(url: string): void {
    this.#set(url, [])
  }

  #set(url: string, variants: readonly Stored[]): void {
    this.#bytes -= this.#resources.get(url)?.size ?? 0
    this.#resources.delete(url)
    if (variants.length === 0) return
    const size = variants.reduce((sum, stored) => sum + stored.size, 2 * url.length)
    this.#resources.set(url, { variants, size })
    this.#bytes += size
    for (const [oldest] of this.#resources) {
      if (this.#bytes <= this.#maxBytes) break
      this.invalidate(oldest)
    }
  }
}

function fits({ vary }: Stored, request: RequestHeaders): boolean {
  return vary.every(([name, value]) => valueFor(request, name) === value)
}
