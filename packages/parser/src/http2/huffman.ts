// HPACK's Huffman code (RFC 7541 §5.2).
import type { FrameBuffer } from './frames.ts'

/*
 * The Huffman code of RFC 7541 Appendix B. It is canonical: codes of the same length are consecutive in the order of their
 * symbols, and the codes of the next length begin where they end. So the lengths of the codes determine all of them.
 */

/** The length in bits of the code of each byte and of EOS (256), in base 36: one letter for numbers above nine. */
const text =
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca' +
  'd67777777777777777777777878djde6f56565666577666567655677777fbeds' +
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn' +
  'qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq' +
  'u'

const eos = 256
const longest = 30

interface Code {
  /** The code of each symbol, and its length in bits. */
  readonly codes: Uint32Array
  readonly lengths: Uint8Array
  /** For each eight bits that begin with a code of at most eight: symbol and length, or 0. */
  readonly short: Uint16Array
  /** The symbols in the order of their codes; and for each length the first code, its index in that order, and their number. */
  readonly symbols: Uint16Array
  readonly first: Uint32Array
  readonly place: Uint16Array
  readonly count: Uint16Array
}

const code: Code = /* @__PURE__ */ (() => {
  const lengths = Uint8Array.from(text, (c) => Number.parseInt(c, 36))
  const codes = new Uint32Array(257)
  const short = new Uint16Array(256)
  const symbols = new Uint16Array(257)
  const first = new Uint32Array(longest + 1)
  const place = new Uint16Array(longest + 1)
  const count = new Uint16Array(longest + 1)
  let next = 0
  let at = 0
  for (let length = 1; length <= longest; length++) {
    next *= 2
    first[length] = next
    place[length] = at
    for (let symbol = 0; symbol <= eos; symbol++) {
      if (lengths[symbol] !== length) continue
      codes[symbol] = next
      symbols[at++] = symbol
      count[length]!++
      if (length <= 8) short.fill((symbol << 4) | length, next << (8 - length), (next + 1) << (8 - length))
      next++
    }
  }
  return { codes, lengths, short, symbols, first, place, count }
})()

/**
 * Decodes the bytes from `start` to `end` into `out`, which has room for eight bytes for every five of them. RFC 7541 §5.2.
 *
 * @returns the number of decoded bytes, or -1: EOS is among them, or the padding is longer than 7 bits or not a prefix of EOS
 */
export function huffmanDecode(buf: Uint8Array, start: number, end: number, out: Uint8Array): number {
  const { short } = code
  let length = 0
  /** The bits that are still to be decoded: `have` of them, in the lowest positions. */
  let bits = 0
  let have = 0
  let p = start
  for (;;) {
    // most text consists of codes of up to eight bits
    while (have >= 8 || (p < end && have < 8)) {
      if (have < 8) {
        bits = ((bits & 0xff) << 8) | buf[p++]!
        have += 8
      }
      const entry = short[(bits >>> (have - 8)) & 0xff]!
      if (entry === 0) break
      out[length++] = entry >>> 4
      have -= entry & 15
    }
    if (have < 8) break
    // longer codes are read bit by bit
    let size = 8
    let value = (bits >>> (have - 8)) & 0xff
    have -= 8
    for (;;) {
      if (have === 0) {
        if (p === end) return -1
        bits = buf[p++]!
        have = 8
      }
      value = ((value << 1) | ((bits >>> --have) & 1)) >>> 0
      if (++size > longest) return -1
      const offset = value - code.first[size]!
      if (offset < code.count[size]!) {
        const symbol = code.symbols[code.place[size]! + offset]!
        if (symbol === eos) return -1
        out[length++] = symbol
        break
      }
    }
  }
  // the rest may be one more code, or padding, which is all ones
  for (;;) {
    const rest = bits & ((1 << have) - 1)
    const entry = short[((rest << (8 - have)) | ((1 << (8 - have)) - 1)) & 0xff]!
    if (entry === 0 || (entry & 15) > have) return rest === (1 << have) - 1 ? length : -1
    out[length++] = entry >>> 4
    have -= entry & 15
  }
}

/** How many bytes a text with one character per byte takes in this code. */
export function huffmanLength(value: string): number {
  let bits = 0
  for (let i = 0; i < value.length; i++) bits += code.lengths[value.charCodeAt(i)]!
  return (bits + 7) >>> 3
}

/** Writes a text, one character per byte; there must be room. */
export function huffmanEncode(value: string, out: FrameBuffer): void {
  let bits = 0
  let have = 0
  for (let i = 0; i < value.length; i++) {
    const symbol = value.charCodeAt(i)
    let left = code.lengths[symbol]!
    const whole = code.codes[symbol]!
    // together with the up to seven bits that are waiting, a code may be longer than the space
    while (left > 0) {
      const size = left < 16 ? left : 16
      left -= size
      bits = ((bits << size) | ((whole >>> left) & ((1 << size) - 1))) & 0x7fffff
      have += size
      for (; have >= 8; have -= 8) out.byte((bits >>> (have - 8)) & 0xff)
    }
  }
  if (have > 0) out.byte(((bits << (8 - have)) | (0xff >>> have)) & 0xff)
}
