// decision 071
/** Shorter content is faster byte by byte: a view would cost more than it saves. */
const wordsFrom = 160

/** The OR of all bytes: below 0x80 only if they are ASCII. */
export function allBits(content: Uint8Array, start: number, end: number): number {
  return applyMask(content, start, end, 0)
}

/** The four bytes of a key in memory order, and the same as a word of this machine. */
const bytes = /* @__PURE__ */ new Uint8Array(4)
const word = /* @__PURE__ */ new Int32Array(bytes.buffer)

/**
 * Masks content in place, or unmasks it, which is the same operation (RFC 6455 §5.3).
 * @param key its highest byte is the first byte of the mask
 * @param phase how many bytes of the frame's content came before `start`
 * @returns the OR of all resulting bytes: below 0x80 only if the content is ASCII.
 */
export function applyMask(content: Uint8Array, start: number, end: number, key: number, phase: number = 0): number {
  const turned = (phase & 3) === 0 ? key : (key << ((phase & 3) * 8)) | (key >>> (32 - (phase & 3) * 8))
  if (end - start < wordsFrom) return byBytes(content, start, end, turned)
  const toWord = -(content.byteOffset + start) & 3
  const first = byBytes(content, start, start + toWord, turned)
  const aligned = toWord === 0 ? turned : (turned << (toWord * 8)) | (turned >>> (32 - toWord * 8))
  const words = (end - start - toWord) >> 2
  const all = byWords(new Int32Array(content.buffer, content.byteOffset + start + toWord, words), aligned)
  return first | all | byBytes(content, start + toWord + words * 4, end, aligned)
}

function byBytes(content: Uint8Array, start: number, end: number, key: number): number {
  const a = key >>> 24
  const b = (key >>> 16) & 0xff
  const c = (key >>> 8) & 0xff
  const d = key & 0xff
  let all = 0
  let at = start
  for (const last = end - 3; at < last; at += 4) {
    all |= content[at]! ^= a
    all |= content[at + 1]! ^= b
    all |= content[at + 2]! ^= c
    all |= content[at + 3]! ^= d
  }
  if (at < end) all |= content[at]! ^= a
  if (at + 1 < end) all |= content[at + 1]! ^= b
  if (at + 2 < end) all |= content[at + 2]! ^= c
  return all & 0xff
}

function byWords(content: Int32Array, key: number): number {
  bytes[0] = key >>> 24
  bytes[1] = key >>> 16
  bytes[2] = key >>> 8
  bytes[3] = key
  const mask = word[0]!
  let all = 0
  for (let at = 0; at < content.length; at++) all |= content[at]! ^= mask
  // Any byte of the word will do, because the question is only whether one of them is beyond ASCII.
  return (all | (all >>> 8) | (all >>> 16) | (all >>> 24)) & 0xff
}
