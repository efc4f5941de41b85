/** Turns the bytes of `buf` from `start` (inclusive) to `end` (exclusive) into a string, one character per byte. */
export type DecodeLatin1 = (buf: Uint8Array, start: number, end: number) => string

const HTAB = 0x09
export const LF = 0x0a
export const CR = 0x0d
export const SP = 0x20
export const DQUOTE = 0x22
export const COMMA = 0x2c
export const COLON = 0x3a
export const SEMICOLON = 0x3b
export const EQUALS = 0x3d
export const BACKSLASH = 0x5c

/** tchar, RFC 9110 §5.6.2 */
export const TCHAR = 1
/** field-vchar, SP and HTAB, RFC 9110 §5.5 */
export const VALUE = 2
/** what a request target may hold: the URI characters, and those that browsers leave bare in a query */
export const TARGET = 4
/** unreserved and sub-delims, RFC 3986 §2: the characters of a reg-name beside percent-encoding */
const REG_NAME = 8
/** HEXDIG */
export const HEX = 16
/** DIGIT */
export const DIGIT = 32
/** what a URI scheme may hold after its first letter, RFC 3986 §3.1 */
export const SCHEME = 64
/** qdtext, RFC 9110 §5.6.4 */
export const QDTEXT = 128

const digits = '0123456789'
const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

function buildClasses(): Uint8Array {
  const table = new Uint8Array(256)
  const add = (characters: string, flag: number): void => {
    for (let i = 0; i < characters.length; i++) table[characters.charCodeAt(i)]! |= flag
  }
  add(`${digits}${letters}!#$%&'*+-.^_\`|~`, TCHAR)
  for (let c = 0x21; c < 0x7f; c++) table[c]! |= VALUE | TARGET | QDTEXT
  for (let c = 0x80; c < 0x100; c++) table[c]! |= VALUE | QDTEXT
  for (const c of [HTAB, SP]) table[c]! |= VALUE | QDTEXT
  for (const c of [DQUOTE, BACKSLASH]) table[c]! &= ~QDTEXT
  // a fragment never goes on the wire; quotes and angle brackets are delimiters that every browser encodes
  for (const c of '"<>#') table[c.charCodeAt(0)]! &= ~TARGET
  add(`${digits}${letters}-._~!$&'()*+,;=`, REG_NAME)
  add(`${digits}abcdefABCDEF`, HEX)
  add(digits, DIGIT)
  add(`${digits}${letters}+-.`, SCHEME)
  return table
}

/** One byte of flags for each byte value. */
export const classes: Uint8Array = /* @__PURE__ */ buildClasses()

function buildHexValues(): Uint8Array {
  const table = new Uint8Array(256).fill(255)
  for (let i = 0; i < 10; i++) table[0x30 + i] = i
  for (let i = 0; i < 6; i++) table[0x41 + i] = table[0x61 + i] = 10 + i
  return table
}

/** The value of each hexadecimal digit, 255 for every other byte. */
export const hexValues: Uint8Array = /* @__PURE__ */ buildHexValues()

/** The first place from `p` on whose byte is not of a class, or `stop`. */
type Skip = (buf: Uint8Array, p: number, stop: number) => number

// Bundlers turn a constant of a module into a variable, which the compiler must load and check for every byte; a
// constant of a function stays one. This halves the time of a head.
export const skipToken: Skip = /* @__PURE__ */ (() => {
  const table = classes
  return (buf: Uint8Array, from: number, stop: number): number => {
    let p = from
    while (p < stop && (table[buf[p]!]! & TCHAR) !== 0) p++
    return p
  }
})()

export const skipTarget: Skip = /* @__PURE__ */ (() => {
  const table = classes
  return (buf: Uint8Array, from: number, stop: number): number => {
    let p = from
    while (p < stop && (table[buf[p]!]! & TARGET) !== 0) p++
    return p
  }
})()

export const skipRegName: Skip = /* @__PURE__ */ (() => {
  const table = classes
  return (buf: Uint8Array, from: number, stop: number): number => {
    let p = from
    while (p < stop && (table[buf[p]!]! & REG_NAME) !== 0) p++
    return p
  }
})()

// values are the bulk of a head, so they are taken four bytes at a time
export const skipValue: Skip = /* @__PURE__ */ (() => {
  const table = classes
  return (buf: Uint8Array, from: number, stop: number): number => {
    let p = from
    for (; p + 4 <= stop; p += 4) {
      if ((table[buf[p]!]! & table[buf[p + 1]!]! & table[buf[p + 2]!]! & table[buf[p + 3]!]! & VALUE) === 0) break
    }
    while (p < stop && (table[buf[p]!]! & VALUE) !== 0) p++
    return p
  }
})()

/**
 * Four bytes from `p` on as one number, the first lowest, ASCII letters in lower case. Fit for comparing tokens and
 * field values: the other bytes that it maps to a letter, a digit or a hyphen are control characters, which they never hold.
 */
export function lowerWord(buf: Uint8Array, p: number): number {
  return buf[p]! | (buf[p + 1]! << 8) | (buf[p + 2]! << 16) | (buf[p + 3]! << 24) | 0x20202020
}

/** `Math.min` for whole numbers: the compiler takes that one to floating point and back. */
export function smaller(a: number, b: number): number {
  return a < b ? a : b
}

/** True when `char` is SP or HTAB, the two characters of optional whitespace (RFC 9110 §5.6.3). */
export function isBlank(char: number): boolean {
  return char === SP || char === HTAB
}

/**
 * The default {@link DecodeLatin1}: works in every runtime. `TextDecoder('latin1')` does not: that label means
 * windows-1252, and runtimes differ in what they make of the bytes 0x80 to 0x9F.
 */
export function decodeLatin1(buf: Uint8Array, start: number, end: number): string {
  let text = ''
  // an argument list is limited by the stack, so long ranges are taken piece by piece
  for (let from = start; from < end; from += 4096) {
    const piece = buf.subarray(from, Math.min(end, from + 4096))
    text += String.fromCharCode.apply(null, piece as unknown as number[])
  }
  return text
}
