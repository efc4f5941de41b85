import type { Expectation, HeadSnapshot, ParseErrorCode } from '@spillway/parser'
import { appendField, requestLine } from '@spillway/parser/serialize'
import type { ServerCore } from '../server/server-core.ts'

/** The head of an HTTP/2 request, read as strictly as any other. */
export interface Http2Head {
  readonly snapshot: HeadSnapshot
  readonly expectation: Expectation
  readonly contentLength: number | undefined
  /** Bytes it would have in HTTP/1.1; on the wire it is compressed together with others. */
  readonly bytes: number
}

/**
 * Makes a head of the fields of a HEADERS frame: as HTTP/1.1 would say it, read by the parser with its limits and its
 * rules for targets, Host and lengths (RFC 9113 §8.3.1). So nothing that is refused there comes in here.
 * @param raw name, value, name, value, …, pseudo-fields first
 */
export function readHead(core: ServerCore, raw: readonly string[]): Http2Head | ParseErrorCode {
  const written = writeHead(raw)
  if (typeof written === 'string') return written
  const bytes = Buffer.from(written.text, 'latin1')
  const { head } = core
  const used = head.parse(bytes, 0, bytes.length)
  const { error, expectation, contentLength, bodyKind } = head
  const snapshot = used > 0 ? head.snapshot(bytes, 0) : undefined
  head.reset()
  if (!snapshot) return error ?? 'MESSAGE_INCOMPLETE'
  return { snapshot, expectation, contentLength: bodyKind === 0 ? undefined : contentLength, bytes: bytes.length }
}

function writeHead(raw: readonly string[]): { readonly text: string } | ParseErrorCode {
  const pseudo = new Map<string, string>()
  let fields = ''
  let host: string | undefined
  const cookies: string[] = []
  try {
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i]!
      const value = raw[i + 1]!
      if (name.startsWith(':')) pseudo.set(name, value)
      else if (name === 'host') {
        if (host !== undefined) return 'HOST_REPEATED'
        host = value
      } else if (name === 'cookie') cookies.push(value)
      else fields = appendField(fields, name, value)
    }
    // Split only to be compressed better (RFC 9113 §8.2.3).
    if (cookies.length > 0) fields = appendField(fields, 'cookie', cookies.join('; '))
    const authority = pseudo.get(':authority') ?? host
    // Two names for one resource: whoever is behind us might believe the other one.
    if (host !== undefined && host !== authority) return 'HOST_INVALID'
    if (authority !== undefined) fields = appendField('', 'host', authority) + fields
  } catch {
    return 'INVALID_FIELD_VALUE'
  }
  const method = pseudo.get(':method') ?? ''
  const target = method === 'CONNECT' ? pseudo.get(':authority') : pseudo.get(':path')
  // A path only: the absolute form would bring an authority of its own.
  if (target === undefined || (method !== 'CONNECT' && !/^(?:\/|\*$)/.test(target))) return 'INVALID_TARGET'
  try {
    return { text: `${requestLine(method, target)}${fields}\r\n` }
  } catch {
    return 'INVALID_TARGET'
  }
}
