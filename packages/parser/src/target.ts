// The request target in its four forms (RFC 9112 §3.2).
import {
  classes,
  COLON,
  DOT,
  encode,
  HEX,
  isDigit,
  LEFT_BRACKET,
  PERCENT,
  QUESTION,
  REG_NAME,
  RIGHT_BRACKET,
  SCHEME,
  skip,
  smaller,
  SLASH,
} from './bytes.ts'
import { ABSOLUTE, AUTHORITY, VALID } from './numbers.ts'

/** The four forms of a request target. RFC 9112 §3.2. */
export const TargetForm = { Origin: 0, Absolute: 1, Authority: 2, Asterisk: 3 } as const
export type TargetForm = (typeof TargetForm)[keyof typeof TargetForm]

/**
 * Checks `uri-host [ ":" port ]` (RFC 9110 §7.2, RFC 3986 §3.2.2). Userinfo is not allowed, a port is at most 65535, and an
 * IP literal must be an IPv6 address: IPvFuture has never been given a meaning. The host must not be empty; the port may be,
 * unless it is required, as in the target of CONNECT (RFC 9112 §3.2.3).
 */
export function scanAuthority(buf: Uint8Array, from: number, to: number, needsPort: boolean = false): number {
  let p = from
  if (p < to && buf[p] === LEFT_BRACKET) {
    const close = ipv6End(buf, p + 1, to)
    if (close < 0) return ~close
    p = close + 1
  } else {
    p = skip(buf, p, to, REG_NAME)
    while (p < to && buf[p] === PERCENT) {
      if (p + 2 >= to || (classes[buf[p + 1]!]! & classes[buf[p + 2]!]! & HEX) === 0) return p
      p = skip(buf, p + 3, to, REG_NAME)
    }
    if (p === from) return p
  }
  if (p < to && buf[p++] !== COLON) return p - 1
  if (needsPort && p === to) return to - 1
  for (let port = 0; p < to; p++) {
    port = port * 10 + buf[p]! - 0x30
    if (!isDigit(buf[p]!) || port > 65535) return p
  }
  return VALID
}

/** Where the bracket is that closes an IPv6 address, or the complement of the place of the offending byte. RFC 3986 §3.2.2. */
function ipv6End(buf: Uint8Array, from: number, to: number): number {
  const at = (place: number): number => (place < to ? buf[place]! : -1)
  let groups = 0
  let gap = false
  // a gap is found at its second colon
  let p = at(from) === COLON && at(from + 1) === COLON ? from + 1 : from
  for (;;) {
    if (p > from && at(p) === COLON) {
      if (gap) return ~p
      gap = true
      if (at(++p) === RIGHT_BRACKET) break
    }
    const group = p
    p = skip(buf, p, smaller(to, p + 4), HEX)
    if (p === to || p === group) return ~p
    groups++
    if (buf[p] === DOT) {
      p = ipv4End(at, group)
      if (p < 0) return p
      groups++
      break
    }
    if (buf[p] !== COLON) break
    p++
  }
  // the gap stands for at least one group of zeros
  return at(p) === RIGHT_BRACKET && (gap ? groups <= 7 : groups === 8) ? p : ~p
}

/** Where the IPv4 address at the end of an IPv6 one ends, or the complement of the place of the offending byte. */
function ipv4End(at: (place: number) => number, from: number): number {
  let p = from
  for (let part = 0; part < 4; part++) {
    if (part > 0 && at(p++) !== DOT) return ~(p - 1)
    const first = p
    let value = 0
    for (; p - first < 3 && isDigit(at(p)); p++) value = value * 10 + at(p) - 0x30
    if (p === first || value > 255 || (p - first > 1 && at(first) === 0x30)) return ~first
  }
  return p
}

/**
 * Checks a target in absolute form: `scheme "://" authority`, and what follows starts a path or a query. RFC 9112 §3.2.2.
 * Its first byte is known to be a letter. Userinfo is refused: RFC 9110 §4.2.4 warns of it, and hosts that hold an `@`
 * have been used to mislead routers.
 */
export function scanAbsolute(buf: Uint8Array, from: number, to: number): number {
  let p = skip(buf, from, to, SCHEME)
  for (const c of [COLON, SLASH, SLASH]) {
    if (p === to || buf[p] !== c) return p
    p++
  }
  const authority = p
  while (p < to && buf[p] !== SLASH && buf[p] !== QUESTION) p++
  return p === authority ? p : scanAuthority(buf, authority, p)
}

/** A request target in its parts, each as sent: nothing is decoded or normalised. */
export interface TargetParts {
  /** `/…` for origin and absolute form (`/` when the latter has no path), `*`, or empty for authority form. */
  readonly path: string
  /** With its question mark, or empty. */
  readonly query: string
  /** `host` or `host:port` of absolute and authority form, otherwise empty. It takes the place of Host (RFC 9112 §3.2.2). */
  readonly authority: string
  /** In lower case and without a colon, for absolute form only, otherwise empty. */
  readonly scheme: string
}

/** Splits a target that {@link RequestHead} has accepted. `form` is the head's `targetForm`. RFC 9112 §3.2. */
export function splitTarget(target: string, form: TargetForm): TargetParts {
  if (form === AUTHORITY) return { path: '', query: '', authority: target, scheme: '' }
  const [prefix = '', scheme = '', authority = ''] = (form === ABSOLUTE && /^(.+?):\/\/([^/?]*)/.exec(target)) || []
  const mark = target.indexOf('?')
  const end = mark < 0 ? target.length : mark
  return {
    path: target.slice(prefix.length, end) || '/',
    query: target.slice(end),
    authority,
    scheme: scheme.toLowerCase(),
  }
}

/** True for `host` or `host:port` as the Host field and request targets have it. RFC 9110 §7.2. */
export function isAuthority(value: string): boolean {
  const bytes = encode(value)
  return scanAuthority(bytes, 0, bytes.length) === VALID
}

/**
 * Host and port of `host` or `host:port`, as Host and request targets have it. RFC 9110 §7.2, RFC 3986 §3.2.
 *
 * @param defaultPort that of the scheme, for an authority without a port or with an empty one
 * @returns the host as sent, an IPv6 address in its brackets; null when it is none
 */
export function splitAuthority(value: string, defaultPort: number): { host: string; port: number } | null {
  if (!isAuthority(value)) return null
  // What stands behind the bracket of an IPv6 address, or behind a host without colons.
  const colon = value.indexOf(':', value.lastIndexOf(']'))
  if (colon < 0) return { host: value, port: defaultPort }
  const port = value.slice(colon + 1)
  return { host: value.slice(0, colon), port: port === '' ? defaultPort : Number(port) }
}
