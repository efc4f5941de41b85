import { CR, decodeLatin1, encode, isToken, LF, trimmed } from '../bytes.ts'

/** The framing between the data of two chunks as a strict reader takes it, and how many bytes of what was sent that stands for. */
export interface MendedFraming {
  readonly bytes: Uint8Array
  readonly used: number
}

/**
 * Reads the framing at the start of `bytes`: the line end behind the data before, if there was some, and the line of the next
 * chunk; behind the last one the trailer section. What it gives is for a decoder at the start of a body.
 *
 * @returns null when its end is not there yet, false when no size can be found in it
 */
export function mendFraming(bytes: Uint8Array): MendedFraming | null | false {
  let p = 0
  const text = (from: number, to: number): string => decodeLatin1(bytes, from, to)
  while (p < bytes.length && isLineEnd(bytes[p]!)) p++
  const end = bytes.indexOf(LF, p)
  if (end < 0) return null
  const line = text(p, end)
  const size = /^[\t ]*([\da-f]{1,32})(?![\w.])/i.exec(line)?.[1]?.replace(/^0+(?=.)/, '')
  if (size === undefined || size.length > 13) return false
  if (size !== '0') return { bytes: encode(`${size}\r\n`), used: end + 1 }
  const fields: string[] = []
  for (let from = end + 1; ;) {
    const stop = bytes.indexOf(LF, from)
    if (stop < 0) return null
    const one = text(from, stop).replace(/\r$/, '')
    from = stop + 1
    if (one === '') return { bytes: encode(`0\r\n${fields.join('')}\r\n`), used: from }
    const colon = one.indexOf(':')
    const name = trimmed(one, 0, Math.max(colon, 0))
    const value = trimmed(one, colon + 1, one.length).replaceAll(/[^\t -~\x80-\xff]/g, ' ')
    if (isToken(name) && !/^[\t ]/.test(one)) fields.push(`${name}: ${value}\r\n`)
    else if (/^[\t ]/.test(one) && fields.length > 0)
      fields.push(fields.pop()!.slice(0, -2), ` ${trimmed(one, 0, one.length)}\r\n`)
  }
}

function isLineEnd(c: number): boolean {
  return c === CR || c === LF
}
