/** Turns the bytes of `buf` from `start` (inclusive) to `end` (exclusive) into a string, one character per byte. */
export type DecodeLatin1 = (buf: Uint8Array, start: number, end: number) => string

export const LF = 0x0a
export const CR = 0x0d
export const SP = 0x20
export const QUOTE = 0x22
export const COMMA = 0x2c
export const SLASH = 0x2f
export const COLON = 0x3a
export const SEMICOLON = 0x3b
export const QUESTION = 0x3f
export const PERCENT = 0x25
export const LEFT_BRACKET = 0x5b
export const BACKSLASH = 0x5c
export const RIGHT_BRACKET = 0x5d
export const DOT = 0x2e

/** tchar, RFC 9110 §5.6.2 */
export const TCHAR = 1
/** field-vchar, SP and HTAB, RFC 9110 §5.5 */
export const VALUE = 2
// decision 003
/** what a request target may hold: the URI characters, and those that browsers leave bare; a backslash in a query comes on top */
export const TARGET = 4
/** unreserved and sub-delims, RFC 3986 §2: the characters of a reg-name beside percent-encoding */
export const REG_NAME = 8
/** HEXDIG */
export const HEX = 16
/** what a URI scheme may hold after its first letter, RFC 3986 §3.1 */
export const SCHEME = 32
/** SP and HTAB, the characters of optional whitespace, RFC 9110 §5.6.3 */
export const BLANK = 64

/** One byte of flags for each byte value. */
export const classes: Uint8Array = /* @__PURE__ */ (() => {
  // in the order of the flags. A fragment never goes on the wire; quotes and angle brackets every browser encodes
  const sets = [
    /[\w!#$%&'*+.^`|~-]/,
    /[\t -~\x80-\xff]/,
    /[!$-;=?-[\]-~]/,
    /[\w!$&'()*+,.;=~-]/,
    /[\da-f]/i,
    /[\da-z+.-]/i,
    /[\t ]/,
  ]
  return new Uint8Array(256).map((_, c) =>
    sets.reduce((flags, set, bit) => flags | (Number(set.test(String.fromCharCode(c))) << bit), 0),
  )
})()

/** Whether the byte `c` is of the class `flag`. */
export function is(c: number, flag: number): boolean {
  return (classes[c]! & flag) !== 0
}

// Bundlers turn a constant of a module into a variable, which the compiler must load and check for every byte; a
// constant of a function stays one. This halves the time of a head.

/** The first offset, starting at `from`, whose byte is not of the class `flag`, or `stop`. */
export const skip: (buf: Uint8Array, from: number, stop: number, flag: number) => number = /* @__PURE__ */ (() => {
  const table = classes
  return (buf: Uint8Array, from: number, stop: number, flag: number): number => {
    let p = from
    // four in a row halve the time that the loop itself takes
    for (const last = stop - 3; p < last; p++) {
      if ((table[buf[p]!]! & flag) === 0) return p
      if ((table[buf[++p]!]! & flag) === 0) return p
      if ((table[buf[++p]!]! & flag) === 0) return p
      if ((table[buf[++p]!]! & flag) === 0) return p
    }
    while (p < stop && (table[buf[p]!]! & flag) !== 0) p++
    return p
  }
})()

/** Whether all characters of `text` are of the class `flag`. */
export const consistsOf: (text: string, flag: number) => boolean = /* @__PURE__ */ (() => {
  const table = classes
  return (text: string, flag: number): boolean => {
    // callers without types may pass anything
    if (typeof text !== 'string') return false
    // a code above 255 has no entry in the table
    for (let i = 0; i < text.length; i++) if (((table[text.charCodeAt(i)] ?? 0) & flag) === 0) return false
    return true
  }
})()

/** A number that differs for all known words, whatever the case of their first letter. The constants in words.ts are these numbers. */
export function slot(length: number, first: number): number {
  return length + (first & 24)
}

/** Whether `word` is at `from`, in any ASCII case. The bytes there are those of tokens, so that `|` maps no other character to a letter. */
export function isWord(buf: Uint8Array, from: number, word: Uint8Array): boolean {
  let i = word.length
  while (--i >= 0) if ((buf[from + i]! | 0x20) !== word[i]) return false
  return true
}

/** The four bytes from `p` on as one number, the first one the lowest. */
export function four(buf: Uint8Array, p: number): number {
  return buf[p]! | (buf[p + 1]! << 8) | (buf[p + 2]! << 16) | (buf[p + 3]! << 24)
}

/** `Math.min` for whole numbers; the compiler would convert to floating point and back. */
export function smaller(a: number, b: number): number {
  return a < b ? a : b
}

/** DIGIT */
export function isDigit(char: number): boolean {
  return char >= 0x30 && char <= 0x39
}

/** True for SP and HTAB, the two characters of optional whitespace, RFC 9110 §5.6.3 */
export function isBlank(char: number): boolean {
  return char === SP || char === 9
}

/**
 * A copy of a part of a text that does not keep all of it in memory: V8 makes a view of substrings of 13 characters or more. Appending
 * to another text and cutting that forces a copy.
 */
export function own(part: string): string {
  return part.length < 13 ? part : ` ${part}`.slice(1)
}

/** The text from `start` to `end` without the blanks around it. */
export function trimmed(text: string, start: number, end: number): string {
  let from = start
  let to = end
  while (from < to && isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

/** RFC 9110 §5.6.2: one character at least, each a letter, a digit or one of ``!#$%&'*+-.^_`|~``. */
export function isToken(text: string): boolean {
  return text !== '' && consistsOf(text, TCHAR)
}

/** @throws {RangeError} unless `start` to `end` is a range within `buf`: bytes outside it belong to someone else */
export function checkPlaces(buf: Uint8Array, start: number, end: number): void {
  if (!(start >= 0 && start <= end && end <= buf.length)) throw new RangeError('Not in the buffer')
}

/** @throws {TypeError} unless `valid`; the message says what is wrong with a text, but not what it contains */
export function check(valid: boolean, what: string, ...given: [text?: unknown]): void {
  if (valid) return
  const [text] = given.length > 0 ? given : ['']
  const why =
    typeof text !== 'string'
      ? `: not text but ${typeof text}`
      : /[^\0-\xff]/.test(text)
        ? ': a character above U+00FF'
        : ''
  throw new TypeError(`Invalid ${what}${why}`)
}

/** The bytes of a text, one for each character; one above U+00FF becomes a byte that no token, host or number may hold. */
export function encode(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = smaller(text.charCodeAt(i), 255)
  return bytes
}

/** `piece` appended to the first `length` bytes of `bytes`, in a larger copy when there is not enough room. */
export function append(bytes: Uint8Array, length: number, piece: Uint8Array): Uint8Array {
  const needed = length + piece.length
  let room = bytes
  if (needed > room.length) {
    room = new Uint8Array(needed * 2)
    room.set(bytes)
  }
  room.set(piece, length)
  return room
}

/**
 * The default {@link DecodeLatin1}: works in every runtime. `TextDecoder('latin1')` does not: that label means
 * windows-1252, and runtimes differ in what they make of the bytes 0x80 to 0x9F.
 */
export function decodeLatin1(buf: Uint8Array, start: number, end: number): string {
  let text = ''
  // an argument list is limited by the stack, so long ranges are taken piece by piece; spreading it takes eight times as long
  for (let from = start; from < end; from += 4096) {
    const piece = buf.subarray(from, smaller(end, from + 4096))
    text += String.fromCharCode.apply(null, piece as unknown as number[])
  }
  return text
}
