// The client as far as it is known: from the connection, or from what trusted proxies say.
import { type Context, type Peer, networkOf, normalAddress } from '@spillway/core'

/** Whom a request comes from, as far as the proxies in between are trusted. */
export interface Client {
  /** IP address, in the one form that compares as text; empty when it is not known, and for unix sockets. */
  readonly address: string
  /**
   * What limits count by: the address, of IPv6 the /64 network; of a client whose address a proxy hides, the identifier
   * that it has there (`_hidden`), or `unknown`; `unix` for unix sockets.
   */
  readonly key: string
  /** How the client reached the first trusted proxy, or us. */
  readonly protocol: 'http' | 'https'
  /** The host that it asked for, with a port that is not the default. */
  readonly host: string
}

/** What the fields of trusted proxies say; what they do not say is taken from the connection. */
export interface ForwardedFacts {
  readonly address?: string | undefined
  /** Stands for an address that is not told. */
  readonly name?: string | undefined
  readonly protocol?: 'http' | 'https' | undefined
  readonly host?: string | undefined
}

/** Works out nothing before it is asked for. */
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

/** Whom a request comes from: what `client` has found, and without it the other end of the connection. */
export function clientOf(c: Context<any, any>): Client {
  const { client: known } = c.state as { client?: unknown }
  return known instanceof KnownClient ? known : new KnownClient(c, direct)
}

/** Link-local addresses come with the zone they are in. */
export function peerAddress({ address }: Peer): string {
  return address.includes('%') ? (normalAddress(address) ?? '') : address
}

/** The authority of the target, if it has one, before Host (RFC 9112 §3.2.2). */
export function authorityOf(c: Context<any, any>): string {
  if (c.target.startsWith('/') || c.target === '*') return c.headers.get('host') ?? ''
  return /^\w+:\/\/([^/]*)/.exec(c.url)?.[1] ?? ''
}
