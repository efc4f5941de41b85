// The requests that are sent to each framework, and how its response is summarized in one cell of the table.
import { once } from 'node:events'
import { connect } from 'node:net'
import { limit, secret } from './servers.ts'

/** A reply as it was received, or what happened instead. */
export interface Heard {
  readonly status: number
  readonly head: string
  readonly content: string
  /** Whether the whole content was received, as its framing promised. */
  readonly isWhole: boolean
}

/** Sends bytes, and reads until the server closes the connection. */
async function ask(port: number, text: string): Promise<Heard> {
  const socket = connect(port, '127.0.0.1')
  let heard = ''
  socket.setEncoding('latin1').on('data', (piece: string) => (heard += piece))
  socket.on('error', () => {})
  socket.setTimeout(2000, () => socket.destroy())
  socket.write(text)
  await once(socket, 'close')
  const [head = '', content = ''] = heard.split(/\r\n\r\n([^]*)/)
  const isWhole = /^transfer-encoding: *chunked/im.test(head) ? content.endsWith('0\r\n\r\n') : true
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 0), head, content, isWhole }
}

const request = (line: string, ...fields: string[]): string =>
  `${[`${line} HTTP/1.1`, ...fields].join('\r\n')}\r\nHost: localhost\r\nConnection: close\r\n\r\n`

const post = (content: string): string =>
  request('POST /items', 'Content-Type: application/json', `Content-Length: ${content.length}`) + content

const status = ({ status: code }: Heard): string => (code === 0 ? 'no answer' : String(code))

const field =
  (name: string) =>
  (heard: Heard): string => {
    const value = new RegExp(`^${name}: *(.*)$`, 'im').exec(heard.head)?.[1]?.trim()
    return value === undefined ? `${status(heard)}, without` : `${status(heard)}, \`${value}\``
  }

export interface Row {
  readonly what: string
  readonly cell: (port: number) => Promise<string>
}

const row = (what: string, text: string, cell: (heard: Heard) => string = status): Row => ({
  what,
  cell: async (port) => cell(await ask(port, text)),
})

export const rows: readonly Row[] = [
  row('another method on a path that is known: 405, and its `Allow`', request('DELETE /hello'), field('Allow')),
  row('`OPTIONS`, and its `Allow`', request('OPTIONS /hello'), field('Allow')),
  row('`HEAD`, and its `Content-Length`', request('HEAD /hello'), field('Content-Length')),
  row('`/hello/` for `/hello`', request('GET /hello/')),
  row('`/HELLO` for `/hello`', request('GET /HELLO')),
  row('`/items/a%2Fb`: the parameter', request('GET /items/a%2Fb'), (heard) =>
    heard.status === 200 ? `\`${heard.content}\`` : status(heard),
  ),
  row('`/items/%zz`, which is not a valid encoding', request('GET /items/%zz'), (heard) =>
    heard.status === 200 ? `200, \`${heard.content}\`` : status(heard),
  ),
  row('invalid JSON', post('{"a":')),
  row('JSON with a member `__proto__`', post('{"__proto__":{"admin":true}}')),
  row(
    'too much content, announced with `Expect: 100-continue`',
    request('POST /items', 'Content-Type: application/json', `Content-Length: ${limit + 1}`, 'Expect: 100-continue'),
    (heard) =>
      heard.status === 100
        ? `100, then ${/HTTP\/1\.1 (\d+)/.exec(heard.content)?.[1] ?? 'nothing until all of it has come'}`
        : status(heard),
  ),
  row('an ETag that matches, for JSON', request('GET /json', 'If-None-Match: *')),
  row('an error that a handler throws: 500, and its text', request('GET /broken'), (heard) =>
    heard.content.includes(secret) ? `${status(heard)}, shown` : `${status(heard)}, kept`,
  ),
  row('a stream that fails in the middle', request('GET /half'), (heard) =>
    heard.isWhole ? 'looks complete' : 'is cut',
  ),
  row('a length beside a transfer coding', request('POST /items', 'Content-Length: 5', 'Transfer-Encoding: chunked')),
  row('a second `Host`', request('GET /hello', 'Host: other.example')),
  row('lines that end in a bare LF', 'GET /hello HTTP/1.1\nHost: localhost\nConnection: close\n\n'),
  row('a field that begins with a space', request('GET /hello', 'A: b', ' c')),
  row('a target with a fragment, `/hello#x`', request('GET /hello#x')),
]
