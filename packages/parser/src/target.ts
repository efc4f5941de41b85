import { CR, classes, COLON, DIGIT, HEX, SCHEME, skipRegName } from './bytes.ts'

/** The four forms of a request target. RFC 9112 §3.2. */
export const TargetForm = { Origin: 0, Absolute: 1, Authority: 2, Asterisk: 3 } as const
export type TargetForm = (typeof TargetForm)[keyof typeof TargetForm]

const SLASH = 0x2f
const QUESTION = 0x3f
const PERCENT = 0x25
const LEFT_BRACKET = 0x5b
const RIGHT_BRACKET = 0x5d
const DOT = 0x2e

/** The result of the scanners below when everything is right; otherwise they give the place of the offending byte. */
export const VALID = -1

/**
 * Checks `uri-host [ ":" port ]` (RFC 9110 §7.2, RFC 3986 §3.2.2). There is no userinfo, a port is at most 65535, and an
 * IP literal is an IPv6 address: IPvFuture has never been given a meaning. The host must not be empty.
 */
export function scanAuthority(buf: Uint8Array, from: number, to: number): number {
  let p = from
  if (p < to && buf[p] === LEFT_BRACKET) {
    p++
    const close = ipv6End(buf, p, to)
    if (close < 0) return ~close
    p = close + 1
  } else {
    p = skipRegName(buf, p, to)
    while (p < to && buf[p] === PERCENT) {
      if (p + 2 >= to || (classes[buf[p + 1]!]! & classes[buf[p + 2]!]! & HEX) === 0) return p
      p = skipRegName(buf, p + 3, to)
    }
    if (p === from) return p
  }
  return p === to ? VALID : scanPort(buf, p, to)
}

/** Checks `":" port` up to `to`; the port may be empty. RFC 3986 §3.2.3. */
function scanPort(buf: Uint8Array, from: number, to: number): number {
  if (buf[from] !== COLON) return from
  let port = 0
  for (let p = from + 1; p < to; p++) {
    const c = buf[p]!
    if ((classes[c]! & DIGIT) === 0) return p
    port = port * 10 + (c - 0x30)
    if (port > 65535) return p
  }
  return VALID
}

/** Where the bracket is that closes an IPv6 address, or the complement of the place of the offending byte. RFC 3986 §3.2.2. */
function ipv6End(buf: Uint8Array, from: number, to: number): number {
  let groups = 0
  let gap = false
  let p = from
  if (buf[p] === COLON && p + 1 < to && buf[p + 1] === COLON) {
    gap = true
    p += 2
    if (p < to && buf[p] === RIGHT_BRACKET) return p
  }
  for (;;) {
    const group = p
    while (p < to && p - group < 4 && (classes[buf[p]!]! & HEX) !== 0) p++
    if (p === to || p === group) return ~p
    if (buf[p] === DOT) {
      p = ipv4End(buf, group, to)
      if (p < 0) return p
      groups += 2
      break
    }
    groups++
    if (buf[p] !== COLON) break
    if (++p < to && buf[p] === COLON) {
      if (gap) return ~p
      gap = true
      if (++p < to && buf[p] === RIGHT_BRACKET) break
    }
  }
  if (p === to || buf[p] !== RIGHT_BRACKET) return ~p
  // the gap stands for at least one group of zeros
  return (gap ? groups <= 7 : groups === 8) ? p : ~p
}

function ipv4End(buf: Uint8Array, from: number, to: number): number {
  let p = from
  for (let part = 0; part < 4; part++) {
    if (part > 0) {
      if (p === to || buf[p] !== DOT) return ~p
      p++
    }
    const first = p
    let value = 0
    for (; p < to && p - first < 3 && (classes[buf[p]!]! & DIGIT) !== 0; p++) value = value * 10 + (buf[p]! - 0x30)
    if (p === first || value > 255 || (p - first > 1 && buf[first] === 0x30)) return ~first
  }
  return p
}

/**
 * Checks a target in absolute form: `scheme "://" authority`, and what follows starts a path or a query. RFC 9112 §3.2.2.
 * Userinfo is refused: RFC 9110 §4.2.4 warns of it, and hosts that hold an `@` have been used to mislead routers.
 */
export function scanAbsolute(buf: Uint8Array, from: number, to: number): number {
  let p = from
  const first = buf[p]! | 0x20
  if (first < 0x61 || first > 0x7a) return p
  while (p < to && (classes[buf[p]!]! & SCHEME) !== 0) p++
  for (const c of [COLON, SLASH, SLASH]) {
    if (p === to || buf[p] !== c) return p
    p++
  }
  const authority = p
  while (p < to && buf[p] !== SLASH && buf[p] !== QUESTION) p++
  return p === authority ? p : scanAuthority(buf, authority, p)
}

/** Checks a target in authority form: `uri-host ":" port`, the port must be there. RFC 9112 §3.2.3. */
export function scanConnectTarget(buf: Uint8Array, from: number, to: number): number {
  const bad = scanAuthority(buf, from, to)
  if (bad !== VALID) return bad
  const last = buf[to - 1]!
  if ((classes[last]! & DIGIT) === 0) return to - 1
  let p = to
  while (p > from && (classes[buf[p - 1]!]! & DIGIT) !== 0) p--
  return p > from && buf[p - 1] === COLON ? VALID : to - 1
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
  if (form === TargetForm.Authority) return { path: '', query: '', authority: target, scheme: '' }
  if (form === TargetForm.Asterisk) return { path: '*', query: '', authority: '', scheme: '' }
  const mark = target.indexOf('?')
  const query = mark < 0 ? '' : target.slice(mark)
  const rest = mark < 0 ? target : target.slice(0, mark)
  if (form === TargetForm.Origin) return { path: rest, query, authority: '', scheme: '' }
  const colon = rest.indexOf(':')
  const slash = rest.indexOf('/', colon + 3)
  return {
    path: slash < 0 ? '/' : rest.slice(slash),
    query,
    authority: slash < 0 ? rest.slice(colon + 3) : rest.slice(colon + 3, slash),
    scheme: rest.slice(0, colon).toLowerCase(),
  }
}

/** True for `host` or `host:port` as the Host field and request targets have it. RFC 9110 §7.2. */
export function isAuthority(value: string): boolean {
  const bytes = new Uint8Array(value.length)
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i)
    bytes[i] = c > 0xff ? CR : c
  }
  return scanAuthority(bytes, 0, bytes.length) === VALID
}
