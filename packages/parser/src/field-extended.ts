/**
 * The text of an extended value, like that of `filename*` in Content-Disposition: `UTF-8'en'%e2%82%ac%20rates`. RFC 8187 §3.2.
 *
 * @returns null when it is malformed, or in a charset other than UTF-8
 */
export function parseExtended(value: string): string | null {
  const chars = /^utf-8'[\da-z-]*'((?:[\w!#$&+.^`|~-]|%[\da-f]{2})*)$/i.exec(value)?.[1]
  if (chars === undefined) return null
  try {
    return decodeURIComponent(chars)
  } catch {
    // not UTF-8
    return null
  }
}

/**
 * `text` as an extended value, for parameters whose name ends in an asterisk. RFC 8187 §3.2.
 *
 * @throws {URIError} for half a surrogate pair
 */
export function formatExtended(text: string): string {
  return `UTF-8''${encodeURIComponent(text).replaceAll(/['()*]/g, percent)}`
}

function percent(c: string): string {
  return `%${c.charCodeAt(0).toString(16).toUpperCase()}`
}
