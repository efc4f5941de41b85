// The content of a Close, and the codes it may contain (RFC 6455 §7.4).
import { encodeUtf8 } from './text.ts'
import { Utf8Checker } from './utf8.ts'

/** The longest content of a control frame, in bytes (RFC 6455 §5.5). */
export const CONTROL_BYTES = 125

/** Codes that are never sent, only reported to an application (RFC 6455 §7.4.1). */
export const CloseCode = {
  /** The Close had no code. */
  None: 1005,
  /** The connection ended without a Close. */
  Lost: 1006,
} as const

/**
 * Whether a code may be on the wire: registered codes, and the ranges for libraries and applications
 * (RFC 6455 §7.4).
 */
export function isCloseCode(code: number): boolean {
  if (!Number.isInteger(code)) return false
  return (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) || (code >= 3000 && code <= 4999)
}

/**
 * Reads the content of a Close, of at most 125 bytes: its code, or {@link CloseCode.None} when it has none; or what is wrong with it.
 * After the two bytes of the code comes the reason, in UTF-8.
 */
export function readClose(
  content: Uint8Array,
  start: number,
  end: number,
): number | 'CLOSE_CODE_INVALID' | 'REASON_NOT_UTF8' {
  if (start === end) return CloseCode.None
  const code = end - start === 1 ? 0 : (content[start]! << 8) | content[start + 1]!
  if (!isCloseCode(code)) return 'CLOSE_CODE_INVALID'
  const text = new Utf8Checker()
  return text.check(content, start + 2, end) === -1 && text.complete ? code : 'REASON_NOT_UTF8'
}

/**
 * Makes the content of a Close.
 * @param code {@link CloseCode.None} for a Close without one
 * @param reason of at most 123 bytes in UTF-8; not sent without a code
 * @throws RangeError for a code that must not be sent, or a reason that is too long.
 */
export function closeContent(code: number, reason: string = ''): Uint8Array {
  if (code === CloseCode.None) return new Uint8Array(0)
  if (!isCloseCode(code)) throw new RangeError(`Not a code to close with: ${code}`)
  const text = encodeUtf8(reason)
  if (text.length > CONTROL_BYTES - 2) throw new RangeError('A reason to close has at most 123 bytes')
  const content = new Uint8Array(text.length + 2)
  content[0] = code >> 8
  content[1] = code
  content.set(text, 2)
  return content
}
