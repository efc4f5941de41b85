/** Turns the bytes of `buf` from `start` (inclusive) to `end` (exclusive) into a string, one character per byte. */
export type DecodeLatin1 = (buf: Uint8Array, start: number, end: number) => string

export const HTAB = 0x09
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
export const REG_NAME = 8
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

/** True when the bytes `from`..`to` are `lower`, an ASCII string without upper-case letters, in any case. */
export function equalsIgnoreCase(buf: Uint8Array, from: number, to: number, lower: string): boolean {
  if (to - from !== lower.length) return false
  for (let i = 0; i < lower.length; i++) {
    const c = buf[from + i]!
    if ((c >= 0x41 && c <= 0x5a ? c | 0x20 : c) !== lower.charCodeAt(i)) return false
  }
  return true
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
