// Names of clients and proxies, as proxies write them.
import { normalAddress } from '@spillway/core'

/** Who sent a request to a proxy (RFC 7239 §6). */
export interface ForwardedNode {
  /** The IP address in normal form; empty when it is hidden. */
  readonly address: string
  /** An obfuscated identifier, with its underscore (§6.3); empty for none. */
  readonly name: string
}

const port = '(?::(?:\\d{1,5}|_[\\w.-]+))?'
const nodeForm = new RegExp(`^(?:([\\d.]+)|\\[([\\da-f:.]+)\\]|unknown|(_[\\w.-]+))${port}$`, 'i')

/** Parses a node identifier: an address, IPv6 in brackets, `unknown`, or an obfuscated one, each with or without a port. */
export function readNode(text: string): ForwardedNode | undefined {
  const found = nodeForm.exec(text)
  if (!found) return undefined
  const [, v4, v6, name = ''] = found
  if (v4 === undefined && v6 === undefined) return { address: '', name }
  // The brackets say which family it is.
  const address = v4 === undefined ? (v6!.includes(':') ? normalAddress(v6!) : undefined) : normalAddress(v4)
  return address === undefined ? undefined : { address, name: '' }
}

/** Parses a member of X-Forwarded-For, for which there is no grammar: IPv6 comes without brackets, too. */
export function readXNode(text: string): ForwardedNode | undefined {
  const bare = text.includes('%') ? undefined : normalAddress(text)
  return bare === undefined ? readNode(text) : { address: bare, name: '' }
}
