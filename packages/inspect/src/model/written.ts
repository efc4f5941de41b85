// Reconstructs messages from a tool's description of them.
import { joined } from './messages.ts'

const utf8 = new TextEncoder()

/** An HTTP/1.1 request for a URL; anything missing from a complete one is added. */
export function writtenRequest(
  method: string,
  target: string,
  fields: readonly string[],
  content: Uint8Array,
): Uint8Array {
  // A target that is not a URL is put on the request line as it is, so that it can be seen.
  const url = URL.canParse(target, 'http://localhost') ? new URL(target, 'http://localhost') : undefined
  const has = (name: string): boolean => fields.some((field) => field.toLowerCase().startsWith(`${name}:`))
  const host = has('host') || !url ? [] : [`Host: ${url.host}`]
  const length = content.length === 0 || has('content-length') ? [] : [`Content-Length: ${content.length}`]
  const line = `${method} ${url ? url.pathname + url.search : target} HTTP/1.1`
  return withContent([line, ...host, ...fields, ...length, ''], content)
}

/** The lines, each with its line end. */
export function crlf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\r\n`).join('')
}

/** A message of these lines and this content. */
export function withContent(lines: readonly string[], content: Uint8Array): Uint8Array {
  return joined([utf8.encode(crlf(lines)), content])
}
