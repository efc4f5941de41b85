// The Forwarded field (RFC 7239).
import { isAuthority, unquote } from '@spillway/parser/fields'
import { type ForwardedNode, readNode } from './node.ts'

/** One element of Forwarded: what one proxy says about the request it received. */
export interface ForwardedElement {
  /** Who sent it; undefined when the proxy does not say. */
  readonly node: ForwardedNode | undefined
  readonly protocol: 'http' | 'https' | undefined
  readonly host: string | undefined
}

const token = "[\\w!#$%&'*+.^`|~-]+"
const pairAt = new RegExp(`(${token})=(?:(${token})|("(?:[^"\\\\]|\\\\.)*"))`, 'y')
const separatorAt = /[\t ]*([;,])[\t ]*/y
const blankAt = /[\t ]*/y

/**
 * Parses one line of Forwarded (RFC 7239 §4). Whitespace is allowed around semicolons, too; empty elements are skipped.
 * @returns undefined when it is malformed: then it is not clear where an element ends that a client has begun.
 */
export function parseForwarded(line: string): ForwardedElement[] | undefined {
  const elements: ForwardedElement[] = []
  let pairs = new Map<string, string>()
  const close = (): boolean => {
    if (pairs.size === 0) return true
    const element = elementOf(pairs)
    if (element) elements.push(element)
    pairs = new Map()
    return element !== undefined
  }
  let at = match(blankAt, line, 0)!.end
  while (at < line.length) {
    const pair = match(pairAt, line, at)
    if (pair) {
      const [, name = '', bare, quoted] = pair.found
      const value = bare ?? unquote(quoted!)
      const key = name.toLowerCase()
      if (value === null || pairs.has(key)) return undefined
      pairs.set(key, value)
      at = match(blankAt, line, pair.end)!.end
      if (at === line.length) break
    }
    const separator = match(separatorAt, line, at)
    if (!separator || (separator.found[1] === ',' && !close())) return undefined
    at = separator.end
  }
  return close() ? elements : undefined
}

function match(pattern: RegExp, text: string, at: number): { found: RegExpExecArray; end: number } | undefined {
  pattern.lastIndex = at
  const found = pattern.exec(text)
  return found ? { found, end: at + found[0].length } : undefined
}

function elementOf(pairs: ReadonlyMap<string, string>): ForwardedElement | undefined {
  const [from, proto, host] = [pairs.get('for'), pairs.get('proto'), pairs.get('host')]
  const node = from === undefined ? undefined : readNode(from)
  const protocol = proto === undefined ? undefined : readProtocol(proto)
  const malformed =
    (from !== undefined && !node) ||
    (proto !== undefined && !protocol) ||
    (host !== undefined && (host === '' || !isAuthority(host)))
  return malformed ? undefined : { node, protocol, host }
}

/** Some proxies name the protocol of a WebSocket. Undefined for anything that is not HTTP or WebSocket. */
export function readProtocol(text: string): 'http' | 'https' | undefined {
  switch (text.toLowerCase()) {
    case 'http':
    case 'ws':
      return 'http'
    case 'https':
    case 'wss':
      return 'https'
    default:
      return undefined
  }
}
