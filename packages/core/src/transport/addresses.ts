// Addresses and networks, each in a single spelling.
import { BlockList, SocketAddress, isIP } from 'node:net'

/** A set of IP addresses and networks. An IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) counts as IPv4 on both sides. */
export class AddressSet {
  readonly #list: BlockList = new BlockList()
  #unix = false

  /**
   * @param entries addresses (`192.0.2.7`), networks (`10.0.0.0/8`, `fd00::/8`), and `unix` for the peers of unix sockets.
   * @throws TypeError when an entry is none of these.
   */
  constructor(entries: readonly string[]) {
    for (const entry of entries) this.#add(entry)
  }

  /** @param address IPv4 or IPv6 as text; undefined for unix sockets. Anything that is not an address is in no set. */
  has(address: string | undefined): boolean {
    if (address === undefined) return this.#unix
    const plain = plainAddress(address)
    const version = isIP(plain)
    return version !== 0 && this.#list.check(plain, version === 4 ? 'ipv4' : 'ipv6')
  }

  #add(entry: string): void {
    if (entry === 'unix') {
      this.#unix = true
      return
    }
    const [address = '', prefix, more] = entry.split('/')
    const version = isIP(address)
    const family = version === 4 ? 'ipv4' : 'ipv6'
    const bits = version === 4 ? 32 : 128
    if (version !== 0 && prefix === undefined) return this.#list.addAddress(address, family)
    if (version === 0 || more !== undefined || !/^\d{1,3}$/.test(prefix ?? '') || Number(prefix) > bits)
      throw new TypeError(`Neither an address nor a network: ${JSON.stringify(entry)}`)
    this.#list.addSubnet(address, Number(prefix), family)
  }
}

/**
 * One text for each address, so that addresses can be compared as text: IPv6 in its short form (RFC 5952) without a zone,
 * and IPv4-mapped IPv6 as IPv4. Undefined for anything that is not an address.
 */
export function normalAddress(address: string): string | undefined {
  switch (isIP(address)) {
    case 4:
      return address
    case 6:
      return plainAddress(new SocketAddress({ address, family: 'ipv6' }).address)
    default:
      return undefined
  }
}

/** The plain form of an IPv4-mapped IPv6 address, which dual-stack sockets report (RFC 4291 §2.5.5.2). */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

/** What counts as one client: an IPv4 address, or the /64 network of an IPv6 address, which is what one customer has. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const [left = '', right] = address.split('::')
  const groups = left === '' ? [] : left.split(':')
  if (right !== undefined) {
    const rest = right === '' ? [] : right.split(':')
    while (groups.length + rest.length < 8) groups.push('0')
    groups.push(...rest)
  }
  return `${groups.slice(0, 4).join(':')}::/64`
}
