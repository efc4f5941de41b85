/** What Content-Disposition says about a part of a form: its kind, and parameters by their names in lower case. */
export interface Disposition {
  readonly kind: string
  readonly parameters: ReadonlyMap<string, string>
}

const parameterAt = /;[\t ]*([\w!#$%&'*+.^`|~-]+)=/y
const tokenAt = /[\w!#$%&'*+.^`|~-]+/y
const blanksAt = /[\t ]*/y
/** A quote followed by this ends the quoted text. */
const endAt = /[\t ]*(?:;|$)/y

/**
 * Parses Content-Disposition as forms use it (HTML Standard, multipart/form-data; RFC 7578 §4.2). Its quoted strings differ from those
 * of other fields: a backslash is a character like any other, and a quote is sent as `%22`. Clients that are not browsers put a
 * backslash in front of a quote instead: where no parameter ends, such a quote is part of the text.
 * @param value in UTF-8.
 * @returns null when it is malformed, or has a parameter twice.
 */
export function readDisposition(value: string): Disposition | null {
  const kind = match(tokenAt, value, 0)
  if (!kind) return null
  const parameters = new Map<string, string>()
  let at = skipBlanks(value, kind.end)
  while (at < value.length) {
    const named = match(parameterAt, value, at)
    const read = named && (value[named.end] === '"' ? quotedAt(value, named.end) : match(tokenAt, value, named.end))
    if (!named || !read) return null
    const name = named.found[1]!.toLowerCase()
    if (parameters.has(name)) return null
    parameters.set(name, read.found[0]!)
    at = skipBlanks(value, read.end)
  }
  return { kind: kind.found[0]!.toLowerCase(), parameters }
}

interface Match {
  readonly found: readonly string[]
  readonly end: number
}

function match(pattern: RegExp, text: string, at: number): Match | undefined {
  pattern.lastIndex = at
  const found = pattern.exec(text)
  return found ? { found, end: at + found[0].length } : undefined
}

function skipBlanks(text: string, at: number): number {
  return match(blanksAt, text, at)!.end
}

/** @param start the position of the first quote. */
function quotedAt(text: string, start: number): Match | undefined {
  let end = text.indexOf('"', start + 1)
  while (end > 0 && text[end - 1] === '\\' && end - 1 > start && !match(endAt, text, end + 1))
    end = text.indexOf('"', end + 1)
  if (end < 0) return undefined
  const content = text.slice(start + 1, end).replaceAll('\\"', '"')
  return { found: [decodeForm(content)], end: end + 1 }
}

/** Decodes what browsers send in place of line breaks and quotes; any other octet, including `%`, is left as it is. */
function decodeForm(text: string): string {
  return text.replace(/%0a/gi, '\n').replace(/%0d/gi, '\r').replaceAll('%22', '"')
}

/** Decodes an extended value, `utf-8''%C3%A9` (RFC 8187 §3.2.1). Undefined for anything else, or another charset. */
export function readExtended(value: string): string | undefined {
  const [, encoded] = /^utf-8'[\w-]*'((?:[\w!#$&+.^`|~-]|%[\da-f]{2})*)$/i.exec(value) ?? []
  try {
    return encoded === undefined ? undefined : decodeURIComponent(encoded)
  } catch {
    return undefined
  }
}
