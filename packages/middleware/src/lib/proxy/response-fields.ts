// Which fields of a response are passed on.
import { ReplyHeaders } from '@spillway/core'
import type { ResponseHead } from '@spillway/parser'
import { connectionOptions } from '../http/connection-options.ts'

/** Fields that concern a single connection, or that are meant for the proxy itself, by the length of their names (RFC 9110 §7.6.1). */
const hopByHop: ReadonlyMap<number, readonly string[]> = new Map([
  [2, ['te']],
  [7, ['upgrade']],
  [10, ['connection', 'keep-alive']],
  // is kept when it agrees with what the parser has found
  [14, ['content-length']],
  [16, ['proxy-connection']],
  [17, ['transfer-encoding']],
  [18, ['proxy-authenticate']],
])

/**
 * The fields of a response as they are passed on, names and values as they came. They need no second check, because the parser has
 * validated them.
 * @param text the head as latin1, starting at the byte from which the head's offsets count.
 */
export function responseFields(head: ResponseHead, text: string): ReplyHeaders {
  const flat: string[] = []
  const { spans, fieldCount, status } = head
  let options = ''
  for (let i = 0; i < fieldCount * 4; i += 4) {
    const start = spans[i]!
    const nameEnd = spans[i + 1]!
    const name = text.slice(start, nameEnd)
    const value = text.slice(spans[i + 2], spans[i + 3])
    const suspects = hopByHop.get(nameEnd - start)
    if (suspects) {
      const lower = name.toLowerCase()
      if (lower === 'connection') options += `,${value}`
      // A 426 has to say which protocol it requires, and a 101 which one it uses (RFC 9110 §15.5.22, §15.2.2).
      const keep = lower === 'upgrade' && (status === 426 || status === 101)
      const isLength =
        lower === 'content-length' && status !== 204 && head.hasLength && Number(value) === head.contentLength
      if (!keep && !isLength && suspects.includes(lower)) continue
    }
    flat.push(name, value, `${name}: ${value}\r\n`)
  }
  const fields = new ReplyHeaders(flat)
  // What nearly every server says names nothing.
  if (options !== '' && options !== ',keep-alive' && options !== ',close') dropOptions(fields, options)
  return fields
}

/** Drops the fields named by Connection; core itself writes those that say how the message ends. */
function dropOptions(fields: ReplyHeaders, options: string): void {
  for (const option of connectionOptions(options))
    if (!/^(?:close|keep-alive|upgrade|content-length)$/.test(option)) fields.delete(option)
}

/** How many seconds the server keeps an idle connection, according to its Keep-Alive field; undefined when it does not say. */
export function keepAliveHint(head: ResponseHead, text: string): number | undefined {
  const { spans } = head
  for (let i = 0; i < head.fieldCount * 4; i += 4) {
    if (spans[i + 1]! - spans[i]! !== 10) continue
    if (text.slice(spans[i], spans[i + 1]).toLowerCase() !== 'keep-alive') continue
    const timeout = /(?:^|[,\s])timeout\s*=\s*"?(\d{1,9})/i.exec(text.slice(spans[i + 2], spans[i + 3]))
    if (timeout) return Number(timeout[1])
  }
  return undefined
}
