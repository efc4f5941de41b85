// Signatures of cookies.
import { type KeyObject, createHmac, timingSafeEqual } from 'node:crypto'

/** The value, followed by a dot and its signature; the name is signed, too, so that values cannot be swapped. */
export function sign(name: string, value: string, key: KeyObject): string {
  return `${value}.${signature(name, value, key).toString('base64url')}`
}

/** The value of a signed text, or undefined when none of the keys signed it. */
export function unsign(name: string, signed: string, keys: readonly KeyObject[]): string | undefined {
  const dot = signed.lastIndexOf('.')
  if (dot < 0) return undefined
  const value = signed.slice(0, dot)
  const given = Buffer.from(signed.slice(dot + 1), 'base64url')
  const valid = keys.some((key) => {
    const expected = signature(name, value, key)
    return given.length === expected.length && timingSafeEqual(given, expected)
  })
  return valid ? value : undefined
}

function signature(name: string, value: string, key: KeyObject): Buffer {
  return createHmac('sha256', key).update(`${name}=${value}`).digest()
}
