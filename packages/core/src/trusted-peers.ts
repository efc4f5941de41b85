import { BlockList, isIP } from 'node:net'
import { plainAddress } from './proxy-protocol.ts'

/** A set of addresses and networks. */
export class TrustedPeers {
  readonly #list: BlockList = new BlockList()
  #unix = false

  /** @throws TypeError when an entry is neither an address, nor a network, nor `unix`. */
  constructor(entries: readonly string[]) {
    for (const entry of entries) this.#add(entry)
  }

  /** @param address as `socket.remoteAddress` has it; undefined for unix sockets. */
  has(address: string | undefined): boolean {
    if (address === undefined) return this.#unix
    const plain = plainAddress(address)
    return this.#list.check(plain, isIP(plain) === 4 ? 'ipv4' : 'ipv6')
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
