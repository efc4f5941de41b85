// Splits content of some types, as far as it was kept: parts of a form, events of a stream. Malformed content is tolerated.
import { decodeLatin1 } from '@spillway/parser'

/** A part of multipart content (RFC 2046 §5.1, RFC 7578). */
export interface FormPart {
  readonly name?: string
  readonly filename?: string
  /** Its media type; empty if not given. */
  readonly type: string
  readonly content: Uint8Array
}

/** The parts, the last one as far as it was kept; undefined when the type has no boundary, or there is no part. */
export function partsOf(bytes: Uint8Array, type: string): FormPart[] | undefined {
  const [, quoted, plain] = /;[ \t]*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(type) ?? []
  const boundary = quoted ?? plain
  if (boundary === undefined) return undefined
  // One character per byte, so that positions in the text are positions in the bytes.
  const text = decodeLatin1(bytes, 0, bytes.length)
  const parts: FormPart[] = []
  const line = `\r\n--${boundary}`
  let at = text.startsWith(line.slice(2)) ? line.length - 2 : next(text, line, 0)
  while (at >= 0 && at < text.length && !text.startsWith('--', at)) {
    const start = text.indexOf('\r\n', at)
    if (start < 0) break
    const found = text.indexOf(line, start)
    const end = found < 0 ? text.length : found
    parts.push(partOf(text.slice(start + 2, end), bytes.subarray(start + 2, end)))
    at = found < 0 ? -1 : found + line.length
  }
  return parts.length > 0 ? parts : undefined
}

function next(text: string, line: string, from: number): number {
  const found = text.indexOf(line, from)
  return found < 0 ? -1 : found + line.length
}

function partOf(text: string, bytes: Uint8Array): FormPart {
  const isBare = text.startsWith('\r\n')
  const end = isBare ? 0 : text.indexOf('\r\n\r\n')
  const head = end < 0 ? text : text.slice(0, end)
  const content = end < 0 ? bytes.subarray(bytes.length) : bytes.subarray(isBare ? 2 : end + 4)
  const field = (name: string): string =>
    head
      .split('\r\n')
      .find((one) => one.toLowerCase().startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim() ?? ''
  const disposition = field('content-disposition')
  const name = parameter(disposition, 'name')
  const filename = parameter(disposition, 'filename')
  return {
    type: field('content-type'),
    content,
    ...(name !== undefined && { name }),
    ...(filename !== undefined && { filename }),
  }
}

function parameter(value: string, name: string): string | undefined {
  const all = value.matchAll(/;[ \t]*([^\s;="]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/g)
  const [, , quoted, plain] = [...all].find(([, one]) => one!.toLowerCase() === name) ?? []
  const found = quoted ?? plain
  return found === undefined ? undefined : utf8(found)
}

/** An event of a stream of server-sent events. */
export interface StreamEvent {
  readonly type: string
  readonly id?: string
  readonly data: string
}

/** The events, the last one as far as it was kept (HTML §9.2.6). */
export function eventsOf(text: string): StreamEvent[] {
  return text
    .replace(/^\ufeff/, '')
    .split(/(?:\r\n|\r(?!\n)|\n){2,}/)
    .flatMap((block) => {
      const data: string[] = []
      let [type, id] = ['message', undefined as string | undefined]
      for (const line of block.split(/\r\n|\r|\n/)) {
        const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
        if (name === 'data') data.push(value)
        else if (name === 'event') type = value
        else if (name === 'id') id = value
      }
      return data.length === 0 ? [] : [{ type, data: data.join('\n'), ...(id !== undefined && { id }) }]
    })
}

/** Browsers send names in UTF-8. */
function utf8(text: string): string {
  return new TextDecoder().decode(Uint8Array.from(text, (c) => c.charCodeAt(0)))
}
