/**
 * The one normal form of a request path, shared by routing, guards and files, so that no two of them can read a path
 * differently. Every octet is decoded once, then dot segments are resolved once, and characters that may not be bare in a
 * path are encoded again in upper case (RFC 3986 §6.2.2). So `/%61` is `/a` and `/a/%2E%2E/b` is `/b`, while an encoded
 * separator stays encoded (`%2F`, `%5C`) and never splits a segment, and `%252e` stays the text `%252e`.
 */

const SLASH = 0x2f
const DOT = 0x2e

/** The characters that are bare in the normal form; they are also bare in route patterns. */
const bareCharacters = /[\w!$&'()*+,\-.:;=@[\]|~]/
const bare = /* @__PURE__ */ buildBare()
const printable = /^\/[!-~]*$/
const octet = /%..|["#<>?\\^`{}]/g
const dotted = /\/(?:\.|%2e)/i
const encodedDot = /%2e/gi
const octets = /* @__PURE__ */ buildOctets()

function buildBare(): Uint8Array {
  const table = new Uint8Array(128)
  for (let c = 0x21; c < 0x7f; c++) if (c === SLASH || bareCharacters.test(String.fromCharCode(c))) table[c] = 1
  return table
}

/** The normal form of every octet that is encoded, in either case, and of every character that must be. */
function buildOctets(): Map<string, string> {
  const normal = new Map<string, string>()
  for (let code = 0; code < 256; code++) {
    const [lower, character] = [`%${code.toString(16).padStart(2, '0')}`, String.fromCharCode(code)]
    const upper = lower.toUpperCase()
    const isBare = code < 0x7f && bareCharacters.test(character)
    for (const hex of [lower, upper, `%${upper[1]!}${lower[2]!}`, `%${lower[1]!}${upper[2]!}`])
      normal.set(hex, isBare ? character : upper)
    if (!isBare) normal.set(character, upper)
  }
  return normal
}

// decision 068
/**
 * Brings a path into the normal form. Empty segments stay: `//a` and `/a` are different paths, for guards as for files.
 * @param raw the path as sent, beginning with a slash, without the query.
 * @returns undefined when there is no normal form: percent-encoding is malformed, octets are not UTF-8, or there is a NUL.
 */
export function normalizePath(raw: string): string | undefined {
  return isNormal(raw) ? raw : rebuild(raw)
}

/** Whether a path is already in its normal form; this one scan is all that an ordinary path costs. */
function isNormal(raw: string): boolean {
  const { length } = raw
  if (length === 0 || raw.charCodeAt(0) !== SLASH) return false
  let previous = 0
  for (let i = 0; i < length; i++) {
    const c = raw.charCodeAt(i)
    // only a dot at the start of a segment can make it a dot segment
    if (c > 0x7e || bare[c] === 0 || (c === DOT && previous === SLASH)) return false
    previous = c
  }
  return true
}

function rebuild(raw: string): string | undefined {
  const decoded = decodeOctets(raw)
  return decoded === undefined ? undefined : resolveDots(decoded)
}

/** The normal form of a path, except that dot segments stay; undefined when there is none. */
export function decodeOctets(raw: string): string | undefined {
  if (!printable.test(raw) || !isUtf8(raw)) return undefined
  const normal = raw.replace(octet, (code) => octets.get(code)!)
  return normal.includes('%00') ? undefined : normal
}

/** Whether all percent-encoding is well-formed and its octets are UTF-8. */
function isUtf8(raw: string): boolean {
  try {
    decodeURIComponent(raw)
    return true
  } catch {
    return false
  }
}

/**
 * RFC 3986 §5.2.4: a path that ends in a dot segment names a directory, and nothing is above the root. Dots may be encoded;
 * nothing else in the path changes.
 */
export function resolveDots(path: string): string {
  if (!dotted.test(path)) return path
  const resolved: string[] = []
  let last = ''
  for (const segment of path.slice(1).split('/')) {
    last = segment.replace(encodedDot, '.')
    if (last === '..') resolved.pop()
    else if (last !== '.') resolved.push(segment)
  }
  if (last === '.' || last === '..') resolved.push('')
  return `/${resolved.join('/')}`
}

/** The decoded segments of a path in normal form: `/a/b%20c/` gives `['a', 'b c', '']`. */
export function pathSegments(normal: string): string[] {
  const segments = normal.slice(1).split('/')
  return normal.includes('%') ? segments.map((segment) => decodeURIComponent(segment)) : segments
}

/**
 * Decodes the part of a normalized path that a catch-all matched. Encoded separators stay encoded: decoded, they would
 * look like real ones, and `..%2F..` would lead out of whatever a handler joins it to.
 */
export function decodeTail(tail: string): string {
  return tail.includes('%') ? decodeURIComponent(tail.replace(/%(2F|5C)/g, '%25$1')) : tail
}
