// A client that writes requests as bytes and reads responses.
import { once } from 'node:events'
import { type Socket, connect } from 'node:net'

/** What a client sees of a response, except how it was framed and when it came. */
export interface Seen {
  readonly status: string
  readonly fields: readonly string[]
  readonly content: string
}

/** Fields in which two correct servers may differ: about the connection, the framing, and the time. */
const passing = /^(?:date|connection|keep-alive|content-length|transfer-encoding|x-response-time)$/

/** A connection on which requests are written as bytes. */
export class Client {
  readonly socket: Socket
  #text = ''
  #isEnded = false
  #wake: (() => void) | undefined

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('error', () => {})
    this.socket.on('data', (chunk) => {
      this.#text += chunk.toString('latin1')
      this.#wake?.()
    })
    this.socket.on('close', () => {
      this.#isEnded = true
      this.#wake?.()
    })
  }

  send(text: string): this {
    this.socket.write(text, 'latin1')
    return this
  }

  /** Reads until the text so far is enough, or the connection ends, or five seconds have passed. */
  async until(isEnough: (text: string) => boolean): Promise<string> {
    const late = setTimeout(() => this.socket.destroy(), 5000)
    while (!isEnough(this.#text) && !this.#isEnded) await new Promise<void>((resolve) => (this.#wake = resolve))
    clearTimeout(late)
    return this.#text
  }

  async leave(): Promise<void> {
    if (!this.#isEnded) {
      this.socket.destroy()
      await once(this.socket, 'close')
    }
  }

  /** The next response, removed from what has been received. @param method of its request. */
  async reply(method = 'GET'): Promise<Seen> {
    await this.until((text) => whole(text, method) !== undefined)
    const found = whole(this.#text, method) ?? whole(this.#text, method, true)
    if (!found) return cut(this.#text)
    this.#text = this.#text.slice(found.length)
    return found.seen
  }
}

/** The response at the beginning of a text. @param atEnd whether nothing more will come. */
function whole(text: string, method: string, atEnd = false): { seen: Seen; length: number } | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [line, ...fields] = text.slice(0, end).split('\r\n')
  const status = line!.slice(9)
  // Whitespace around a field value is insignificant.
  const lines = fields.map((field) =>
    field.trimEnd().replace(/^([^:]+):\s*/, (_, name: string) => `${name.toLowerCase()}: `),
  )
  const value = (name: string): string | undefined =>
    lines
      .find((field) => field.startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim()
  const from = end + 4
  const seen = (content: string): Seen => ({
    status,
    fields: lines.filter((field) => !passing.test(field.slice(0, field.indexOf(':')))).toSorted(),
    content,
  })
  if (/^1\d\d/.test(status) || /^(?:204|304)/.test(status) || method === 'HEAD') return { seen: seen(''), length: from }
  if (value('transfer-encoding')?.includes('chunked')) return dechunked(text, from, seen)
  const length = value('content-length')
  if (length !== undefined && text.length >= from + Number(length))
    return { seen: seen(text.slice(from, from + Number(length))), length: from + Number(length) }
  return atEnd ? { seen: seen(text.slice(from)), length: text.length } : undefined
}

/** An incomplete response: only what does not depend on timing. */
function cut(text: string): Seen {
  const line = text.indexOf('\r\n')
  return { status: line < 0 ? 'nothing' : `${text.slice(9, line)}, cut`, fields: [], content: '' }
}

function dechunked(
  text: string,
  from: number,
  seen: (content: string) => Seen,
): { seen: Seen; length: number } | undefined {
  let content = ''
  for (let at = from; ;) {
    const line = text.indexOf('\r\n', at)
    if (line < 0) return undefined
    const size = Number.parseInt(text.slice(at, line), 16)
    at = line + 2
    if (size === 0) {
      const end = text.indexOf('\r\n\r\n', at - 2)
      if (end < 0) return undefined
      return { seen: seen(content + text.slice(at, end).replace(/^(?=.)/, ' + ')), length: end + 4 }
    }
    if (text.length < at + size + 2) return undefined
    content += text.slice(at, at + size)
    at += size + 2
  }
}
