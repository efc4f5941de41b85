/**
 * The one normal form of a request path, shared by routing, guards and files, so that no two of them can read a path
 * differently. Every octet is decoded once, dot segments are resolved once after that, and what cannot stand bare in a
 * path is encoded again in upper case (RFC 3986 §6.2.2). Hence `/%61` is `/a` and `/a/%2E%2E/b` is `/b`, while an encoded
 * separator stays encoded (`%2F`, `%5C`) and never splits a segment, and `%252e` stays the text `%252e`.
 */

const SLASH = 0x2f
const DOT = 0x2e

/** The characters that stand bare in the normal form; those the patterns of routes leave bare, too. */
const bare = /* @__PURE__ */ buildBare()
const printable = /^\/[!-~]*$/
const encodable = /[^\w!$&'()*+,\-.:;=@[\]|~]+/g

function buildBare(): Uint8Array {
  const table = new Uint8Array(128)
  for (let c = 0x21; c < 0x7f; c++) if (/[\w!$&'()*+,\-.:;=@[\]|~/]/.test(String.fromCharCode(c))) table[c] = 1
  return table
}

/**
 * Brings a path into the normal form. Empty segments stay: `//a` is another path than `/a`, for guards as for files.
 * @param raw the path as sent, beginning with a slash, without the query.
 * @returns undefined when it has none: percent-encoding is malformed, octets are not UTF-8, or there is a NUL.
 */
export function normalizePath(raw: string): string | undefined {
  return isNormal(raw) ? raw : rebuild(raw)
}

/** True for a path that is its own normal form; the one scan that an ordinary path costs. */
function isNormal(raw: string): boolean {
  const { length } = raw
  if (length === 0 || raw.charCodeAt(0) !== SLASH) return false
  let previous = 0
  for (let i = 0; i < length; i++) {
    const c = raw.charCodeAt(i)
    // only a dot that opens a segment can make it a dot segment
    if (c > 0x7e || bare[c] === 0 || (c === DOT && previous === SLASH)) return false
    previous = c
  }
  return true
}

function rebuild(raw: string): string | undefined {
  if (!printable.test(raw)) return undefined
  const resolved: string[] = []
  let directory = false
  for (const segment of raw.slice(1).split('/')) {
    const text = decodeSegment(segment)
    if (text === undefined) return undefined
    directory = text === '.' || text === '..'
    if (text === '..') resolved.pop()
    else if (text !== '.') resolved.push(text.replace(encodable, encodeURIComponent))
  }
  // `/a/.` and `/a/b/..` name a directory (RFC 3986 §5.2.4)
  if (directory) resolved.push('')
  return `/${resolved.join('/')}`
}

function decodeSegment(segment: string): string | undefined {
  try {
    const text = decodeURIComponent(segment)
    return text.includes('\0') ? undefined : text
  } catch {
    return undefined
  }
}

/** The decoded segments of a path in normal form: `/a/b%20c/` gives `['a', 'b c', '']`. */
export function pathSegments(normal: string): string[] {
  const segments = normal.slice(1).split('/')
  return normal.includes('%') ? segments.map((segment) => decodeURIComponent(segment)) : segments
}

/**
 * Decodes what a catch-all took from a path in normal form. Encoded separators stay as they are: decoded they would
 * look like the real ones, and `..%2F..` would climb out of whatever a handler joins it to.
 */
export function decodeTail(tail: string): string {
  return tail.includes('%') ? decodeURIComponent(tail.replace(/%(2F|5C)/g, '%25$1')) : tail
}
