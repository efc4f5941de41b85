// Who the client is, behind trusted proxies.
import { AddressSet, type Context, HttpError, type Peer } from '@spillway/core'
import { type Rules, either, list, readOptions, required, text } from '@spillway/core/options'
import { isAuthority } from '@spillway/parser/fields'
import { type ForwardedElement, parseForwarded, readProtocol } from './lib/client/forwarded.ts'
import { type Client, type ForwardedFacts, KnownClient, direct, peerAddress } from './lib/http/known-client.ts'
import { type ForwardedNode, readXNode } from './lib/client/node.ts'
import { named } from './lib/layers/layer-trace.ts'
import type { Middleware } from './lib/layers/types.ts'

export { type Client, clientOf } from './lib/http/known-client.ts'

/** A de-facto standard field that proxies used before RFC 7239. */
export type XForwardedField = 'x-forwarded-for' | 'x-forwarded-proto' | 'x-forwarded-host'

/** Options of {@link client}. */
export interface ClientOptions {
  /** The proxies: addresses, networks (`10.0.0.0/8`, `fd00::/8`), and `unix` for connections over a unix socket. */
  readonly trusted: readonly string[]
  /**
   * The fields that all of them set: `forwarded` (RFC 7239), or a list of the others. There is no default, and never both: a
   * field that the proxies pass on untouched can be written by the client.
   */
  readonly fields: 'forwarded' | readonly XForwardedField[]
}

const rules: Rules<ClientOptions> = {
  trusted: required(list(text())),
  // Which fields these may be is checked where they are looked up.
  fields: required(either(text(), list(text()))) as Rules<ClientOptions>['fields'],
}

// decision 018
/**
 * Finds out who sent a request and puts that into `c.state.client`, for logs, limits and allow lists. The fields are
 * believed as far as trusted proxies wrote them: starting at the peer, and from right to left in a list, up to
 * the first address that is not a trusted proxy's. What a client writes is further left and is never looked at.
 * X-Forwarded-Proto and -Host have no reliable order: their last value counts, the nearest proxy's.
 * A trusted proxy that sends no field is itself the client. A field that it sends and that cannot be parsed is answered 400
 * (`FORWARDED_MALFORMED`), because any guess would make the client somebody else.
 * @throws TypeError when there is no proxy, an entry of `trusted` is neither address nor network, or fields are mixed.
 */
export function client(options: ClientOptions): Middleware<{ client: Client }> {
  const { fields, trusted: proxies } = readOptions(rules, options)
  if (proxies.length === 0)
    throw new TypeError('The option `trusted` needs at least one proxy: without one there is nobody to believe')
  const trusted = new AddressSet(proxies)
  const find = fields === 'forwarded' ? findForwarded(trusted) : findXForwarded(trusted, fields)
  // Connections of proxies carry many requests, and looking an address up costs more than everything else here.
  const peers = new WeakMap<Peer, boolean>()
  const isTrusted = (peer: Peer): boolean => {
    let known = peers.get(peer)
    if (known === undefined) peers.set(peer, (known = trusted.has(peerAddress(peer) || undefined)))
    return known
  }
  return named('client', (c, next) => {
    c.state.client = new KnownClient(c, isTrusted(c.peer) ? find(c) : direct)
    return next()
  })
}

type Find = (c: Context<any, any>) => ForwardedFacts

function findForwarded(trusted: AddressSet): Find {
  return (c) => {
    const elements: ForwardedElement[] = []
    // Each line separately, so that a quoted string cannot reach from one line into the next.
    for (const line of c.headers.getAll('forwarded')) elements.push(...(parseForwarded(line) ?? malformed('Forwarded')))
    const first = firstSender(elements.length, (i) => elements[i]!.node, trusted)
    if (first < 0) return direct
    const { node, protocol, host } = elements[first]!
    return { address: node?.address ?? '', name: node?.name, protocol, host }
  }
}

function findXForwarded(trusted: AddressSet, fields: readonly XForwardedField[]): Find {
  const known: readonly string[] = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host']
  if (!Array.isArray(fields) || fields.length === 0 || fields.some((field) => !known.includes(field)))
    throw new TypeError(
      `The option \`fields\` is 'forwarded' or a list of ${known.join(', ')}, not ${JSON.stringify(fields)}`,
    )
  const [has, hasProtocol, hasHost] = known.map((field) => (fields as readonly string[]).includes(field))
  return (c) => {
    const node = has ? xForwardedFor(c, trusted) : undefined
    const proto = hasProtocol ? lastMember(c, 'x-forwarded-proto') : undefined
    const host = hasHost ? lastMember(c, 'x-forwarded-host') : undefined
    const protocol = proto === undefined ? undefined : (readProtocol(proto) ?? malformed('X-Forwarded-Proto'))
    if (host !== undefined && !isAuthority(host)) malformed('X-Forwarded-Host')
    return { address: node?.address, name: node?.name, protocol, host }
  }
}

function xForwardedFor(c: Context<any, any>, trusted: AddressSet): ForwardedNode | undefined {
  const members = membersOf(c, 'x-forwarded-for')
  const nodeAt = (i: number): ForwardedNode => readXNode(members[i]!) ?? malformed('X-Forwarded-For')
  const first = firstSender(members.length, nodeAt, trusted)
  return first < 0 ? undefined : nodeAt(first)
}

/**
 * Which of the senders is the client: counted from the right, the first one that is not a trusted proxy, or the leftmost if all
 * of them are. -1 for none.
 */
function firstSender(count: number, nodeAt: (i: number) => ForwardedNode | undefined, trusted: AddressSet): number {
  for (let i = count - 1; i > 0; i--) if (!trusted.has(nodeAt(i)?.address ?? '')) return i
  return count === 0 ? -1 : 0
}

/** The members of a list, except empty ones. */
function membersOf(c: Context<any, any>, field: XForwardedField): string[] {
  return (c.headers.get(field) ?? '')
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '')
}

function lastMember(c: Context<any, any>, field: XForwardedField): string | undefined {
  return membersOf(c, field).at(-1)
}

function malformed(field: string): never {
  throw new HttpError(400, `The ${field} field is malformed`, { code: 'FORWARDED_MALFORMED' })
}
