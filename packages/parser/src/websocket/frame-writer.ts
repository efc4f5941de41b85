// Writes frames (RFC 6455 §5.2).
import { applyMask } from './mask.ts'

/** The kinds of frames (RFC 6455 §5.2). */
export const Opcode = { Continuation: 0, Text: 1, Binary: 2, Close: 8, Ping: 9, Pong: 10 } as const
export type Opcode = (typeof Opcode)[keyof typeof Opcode]

/** The bit that marks the last frame of a message, and every control frame. */
export const FIN = 0x80
/** The bit that marks a compressed message (RFC 7692 §6). */
export const RSV1 = 0x40

/**
 * The head of an unmasked frame as latin1 text, as {@link "serialize"} writes heads; the content follows.
 * @param first {@link FIN}, {@link RSV1} and the opcode
 * @param length of the content, in bytes
 */
export function frameHead(first: number, length: number): string {
  const { fromCharCode } = String
  if (length < 126) return fromCharCode(first, length)
  if (length < 0x1_0000) return fromCharCode(first, 126, length >> 8, length & 0xff)
  const high = Math.floor(length / 0x1_0000_0000)
  return fromCharCode(first, 127, ...quarters(high), ...quarters(length))
}

const quarters = (n: number): number[] => [(n >>> 24) & 0xff, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff]

/**
 * A whole frame, for clients: a copy of the content is masked (RFC 6455 §5.3).
 * @param first {@link FIN}, {@link RSV1} and the opcode
 * @param key 32 bits from a source of strong randomness, new for each frame
 */
export function maskedFrame(first: number, content: Uint8Array, key: number): Uint8Array {
  const head = frameHead(first, content.length)
  const start = head.length + 4
  const frame = new Uint8Array(start + content.length)
  for (let i = 0; i < head.length; i++) frame[i] = head.charCodeAt(i)
  frame[1]! |= 0x80
  for (let i = 0; i < 4; i++) frame[head.length + i] = key >>> (24 - i * 8)
  frame.set(content, start)
  applyMask(frame, start, frame.length, key)
  return frame
}
