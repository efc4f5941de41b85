// The scenarios: what clients do with a program.
import { WebSocket } from 'ws'
import { once } from 'node:events'
import { Client } from './client.ts'
import type { Program } from './program.ts'

/** Something a client does with a program; what the client sees has to be the same on both servers. */
export interface Scenario {
  readonly name: string
  /** The route that it needs. */
  readonly path: string
  readonly play: (port: number, program: Program) => Promise<unknown>
}

const head = (method: string, path: string, fields = '', version = '1.1'): string =>
  `${method} ${path} HTTP/${version}\r\nHost: localhost\r\n${fields}\r\n`
const last = 'Connection: close\r\n'

/** One request on a connection of its own. */
async function ask(
  port: number,
  method: string,
  path: string,
  fields = '',
  content = '',
  version = '1.1',
): Promise<unknown> {
  const client = new Client(port).send(head(method, path, last + fields, version) + content)
  const seen = await client.reply(method)
  await client.leave()
  return seen
}

const posted = (content: string, type: string): string =>
  `Content-Type: ${type}\r\nContent-Length: ${content.length}\r\n`
const post = (port: number, path: string, content: string, type = 'application/octet-stream'): Promise<unknown> =>
  ask(port, 'POST', path, posted(content, type), content)
const chunked = (content: string): string => `${content.length.toString(16)}\r\n${content}\r\n0\r\n\r\n`
const form = (content: string): string =>
  `--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n${content}\r\n--b--\r\n`

const get = (name: string, path: string, fields = ''): Scenario => ({
  name,
  path,
  play: (port) => ask(port, 'GET', path, fields),
})

export const scenarios: readonly Scenario[] = [
  get('a page', '/'),
  { name: 'HEAD', path: '/', play: (port) => ask(port, 'HEAD', '/') },
  { name: 'HTTP/1.0', path: '/', play: (port) => ask(port, 'GET', '/', '', '', '1.0') },
  get('an unknown path', '/nothing'),
  { name: 'an unknown method', path: '/', play: (port) => ask(port, 'BREW', '/') },
  { name: 'JSON', path: '/json', play: (port) => post(port, '/json', '{"a":["ü",1]}', 'application/json') },
  { name: 'invalid JSON', path: '/json', play: (port) => post(port, '/json', '{"a":', 'application/json') },
  { name: 'content with its length', path: '/raw', play: (port) => post(port, '/raw', 'x'.repeat(300_000)) },
  {
    name: 'content in chunks',
    path: '/raw',
    play: (port) =>
      ask(
        port,
        'POST',
        '/raw',
        'Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n',
        chunked('y'.repeat(100_000)),
      ),
  },
  { name: 'no content', path: '/raw', play: (port) => post(port, '/raw', '') },
  { name: 'Expect: 100-continue', path: '/raw', play: expectation },
  { name: 'content that nobody reads', path: '/nothing', play: (port) => post(port, '/nothing', 'x'.repeat(50_000)) },
  {
    name: 'a form with a file',
    path: '/upload',
    play: (port) => post(port, '/upload', form('z'.repeat(50_000)), 'multipart/form-data; boundary=b'),
  },
  {
    name: 'a file too large',
    path: '/upload',
    play: (port) => post(port, '/upload', form('z'.repeat(500_000)), 'multipart/form-data; boundary=b'),
  },
  get('a stream', '/stream'),
  { name: 'a stream for HTTP/1.0', path: '/stream', play: (port) => ask(port, 'GET', '/stream', '', '', '1.0') },
  { name: 'HEAD of a stream', path: '/stream', play: (port) => ask(port, 'HEAD', '/stream') },
  get('an error', '/error'),
  get('a redirect', '/redirect'),
  get('cookies', '/cookie'),
  get('204', '/empty'),
  get('a file', '/file'),
  get('a part of a file', '/file', 'Range: bytes=10-19\r\n'),
  get('a file with a name', '/download'),
  get('an application mounted in another', '/inner/x?y'),
  get('trailers', '/trailers'),
  { name: '304', path: '/', play: conditional },
  { name: 'a connection that is kept', path: '/', play: kept },
  { name: 'pipelined requests', path: '/', play: pipelined },
  { name: 'a client that leaves', path: '/wait', play: leaving },
  { name: 'a WebSocket', path: 'ws', play: webSocket },
  { name: 'shutdown, with a request under way', path: '/slow', play: shutdown },
]

async function expectation(port: number): Promise<unknown> {
  const client = new Client(port).send(
    head('POST', '/raw', `${last}Expect: 100-continue\r\n${posted('12345', 'application/octet-stream')}`),
  )
  const interim = await client.reply()
  client.send('12345')
  const seen = [interim, await client.reply()]
  await client.leave()
  return seen
}

async function conditional(port: number): Promise<unknown> {
  const first = new Client(port).send(head('GET', '/', last))
  const { fields } = await first.reply()
  const etag = fields
    .find((field) => field.startsWith('etag:'))
    ?.slice(5)
    .trim()
  return etag === undefined ? 'no ETag' : ask(port, 'GET', '/', `If-None-Match: ${etag}\r\n`)
}

async function kept(port: number): Promise<unknown> {
  const client = new Client(port)
  const seen = [await client.send(head('GET', '/')).reply(), await client.send(head('GET', '/nothing')).reply()]
  seen.push(await client.send(head('GET', '/', last)).reply())
  await client.until(() => false)
  return seen
}

async function pipelined(port: number): Promise<unknown> {
  const client = new Client(port).send(head('GET', '/slow') + head('GET', '/nothing') + head('GET', '/', last))
  return [await client.reply(), await client.reply(), await client.reply()]
}

async function leaving(port: number, program: Program): Promise<unknown> {
  const client = new Client(port).send(head('GET', '/wait'))
  await client.until((text) => text.includes('waiting'))
  await client.leave()
  return (await program.seen(2)).map(String).toSorted()
}

async function webSocket(port: number): Promise<unknown> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
  await once(socket, 'open')
  const seen: unknown[] = []
  for (const message of ['text', Buffer.from('bytes'), 'long'.repeat(50_000)]) {
    socket.send(message)
    const [answer, isBinary] = (await once(socket, 'message')) as [Buffer, boolean]
    seen.push([answer.toString(), isBinary])
  }
  socket.close(4000, 'enough')
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
  return [...seen, code, reason.toString()]
}

/** Runs last: it ends the program. */
async function shutdown(port: number, program: Program): Promise<unknown> {
  const idle = new Client(port).send(head('GET', '/nothing'))
  await idle.reply()
  const client = new Client(port).send(head('GET', '/slow'))
  await new Promise((resolve) => setTimeout(resolve, 30))
  const closing = program.close()
  const seen = await client.reply()
  // A persistent connection of a client does not keep the server running.
  await client.leave()
  await idle.leave()
  return [seen, await closing]
}
