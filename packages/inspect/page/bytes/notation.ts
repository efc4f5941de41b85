/**
 * Bytes as text that can be typed: a line break is CR LF, other invisible bytes are written `\r`, `\n`, `\t`, `\0`
 * or `\xHH`, a backslash is `\\`, and everything else stands for itself, in UTF-8.
 */
export interface Written {
  readonly bytes: Uint8Array
  /** For each character of the text, where its bytes begin; with one more entry for the end. */
  readonly places: readonly number[]
}

const escapes: Readonly<Record<string, number>> = { r: 13, n: 10, t: 9, '0': 0, '\\': 92 }
const utf8 = new TextEncoder()

/** The bytes that a text stands for. An invalid escape stands for itself. */
export function parseNotation(text: string): Written {
  const bytes: number[] = []
  const places: number[] = []
  for (let i = 0; i < text.length;) {
    const unit = unitAt(text, i)
    // All characters of an escape belong to its byte.
    for (let n = 0; n < unit.length; n++) places.push(bytes.length)
    bytes.push(...unit.bytes)
    i += unit.length
  }
  places.push(bytes.length)
  return { bytes: Uint8Array.from(bytes), places }
}

function unitAt(text: string, i: number): { readonly length: number; readonly bytes: Iterable<number> } {
  const char = text[i]!
  if (char === '\n') return { length: 1, bytes: [13, 10] }
  if (char === '\\') {
    const hex = /^\\x([\da-f]{2})/i.exec(text.slice(i, i + 4))?.[1]
    if (hex !== undefined) return { length: 4, bytes: [Number.parseInt(hex, 16)] }
    const byte = escapes[text[i + 1] ?? '']
    return byte === undefined ? { length: 1, bytes: [92] } : { length: 2, bytes: [byte] }
  }
  const point = String.fromCodePoint(text.codePointAt(i)!)
  return { length: point.length, bytes: utf8.encode(point) }
}

/** Writes bytes so that {@link parseNotation} gives them back. */
export function toNotation(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (byte === 13 && bytes[i + 1] === 10) {
      text += '\n'
      i++
    } else text += byteNotation(byte)
  }
  return text
}

function byteNotation(byte: number): string {
  if (byte === 92) return '\\\\'
  if (byte >= 32 && byte < 127) return String.fromCharCode(byte)
  if (byte === 13) return '\\r'
  if (byte === 10) return '\\n'
  if (byte === 9) return '\\t'
  return `\\x${byte.toString(16).padStart(2, '0')}`
}

/** Bytes from hexadecimal digits, whatever is between them; half a byte at the end is left out. */
export function parseHex(text: string): Uint8Array {
  const digits = text.replaceAll(/[^\da-f]/gi, '')
  return Uint8Array.from({ length: digits.length >> 1 }, (_, i) => Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16))
}

export function toHex(bytes: Uint8Array): string {
  const pairs = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
  return Array.from({ length: Math.ceil(pairs.length / 16) }, (_, i) =>
    pairs.slice(i * 16, i * 16 + 16).join(' '),
  ).join('\n')
}
