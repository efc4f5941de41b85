// The client as far as it is known: from the connection, or from trusted proxies.
import { type Context, type Peer, networkOf, normalAddress } from '@spillway/core'

/** Who sent a request, as far as the proxies in between are trusted. */
export interface Client {
  /** IP address, in a normal form that can be compared as text; empty when it is not known, and for unix sockets. */
  readonly address: string
  /**
   * What limits count by: the address, or the /64 network for IPv6; for a client whose address a proxy hides, the identifier
   * that the proxy gives it (`_hidden`), or `unknown`; `unix` for unix sockets.
   */
  readonly key: string
  /** How the client reached the first trusted proxy, or us. */
  readonly protocol: 'http' | 'https'
  /** The host that the client asked for, with a port unless it is the default. */
  readonly host: string
}

/** What the fields of trusted proxies say; anything missing is taken from the connection. */
export interface ForwardedFacts {
  readonly address?: string | undefined
  /** Identifies a client whose address is hidden. */
  readonly name?: string | undefined
  readonly protocol?: 'http' | 'https' | undefined
  readonly host?: string | undefined
}

/** Computes each property only when it is asked for. */
export class KnownClient implements Client {
  readonly #c: Context<any, any>
  readonly #facts: ForwardedFacts

  constructor(c: Context<any, any>, facts: ForwardedFacts) {
    this.#c = c
    this.#facts = facts
  }

  get address(): string {
    return this.#facts.address ?? peerAddress(this.#c.peer)
  }

  get key(): string {
    const { address } = this
    if (address !== '') return networkOf(address)
    return this.#facts.address === undefined ? 'unix' : this.#facts.name || 'unknown'
  }

  get protocol(): 'http' | 'https' {
    return this.#facts.protocol ?? (this.#c.peer.secure ? 'https' : 'http')
  }

  get host(): string {
    return this.#facts.host ?? authorityOf(this.#c)
  }
}

/** What is known when no proxy has said anything. */
export const direct: ForwardedFacts = {}

/** Who sent a request: the client found by `client`, or without it the other end of the connection. */
export function clientOf(c: Context<any, any>): Client {
  const { client: known } = c.state as { client?: unknown }
  return known instanceof KnownClient ? known : new KnownClient(c, direct)
}

/** Link-local addresses include their zone, which is removed. */
export function peerAddress({ address }: Peer): string {
  return address.includes('%') ? (normalAddress(address) ?? '') : address
}

/** The authority of the target, if it has one, otherwise Host (RFC 9112 §3.2.2). */
export function authorityOf(c: Context<any, any>): string {
  if (c.target.startsWith('/') || c.target === '*') return c.headers.get('host') ?? ''
  return /^\w+:\/\/([^/]*)/.exec(c.url)?.[1] ?? ''
}
