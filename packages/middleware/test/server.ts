import { connect } from 'node:net'
import { type Handler, type Server, type ServerOptions, serve } from '@spillway/core'
import { onTestFinished } from 'vitest'

/** A server for one test, on a free port. */
export async function start(handler: Handler, options: ServerOptions = {}): Promise<Server> {
  const server = await serve(handler, { ...options, port: 0, host: '127.0.0.1' })
  onTestFinished(() => server.close({ deadline: 0 }).then(() => {}))
  return server
}

export interface RawReply {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly content: Buffer
  /** Whether the content has the length that was announced. */
  readonly complete: boolean
}

/** Sends a target exactly as it is written, which `fetch` would not, and reads to the end of the connection. */
export async function send(server: Server, method: string, target: string, fields: string[] = []): Promise<RawReply> {
  const head = [`${method} ${target} HTTP/1.1`, 'Host: test', 'Connection: close', ...fields]
  return parse(await exchange(server, `${head.join('\r\n')}\r\n\r\n`))
}

function exchange(server: Server, request: string): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const socket = connect(server.port, '127.0.0.1', () => socket.write(request))
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', () => {})
    socket.on('close', () => resolve(Buffer.concat(chunks)))
  })
}

function parse(bytes: Buffer): RawReply {
  const end = bytes.indexOf('\r\n\r\n')
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const headers = new Map<string, string>()
  for (const line of lines) {
    const name = line.slice(0, line.indexOf(':')).toLowerCase()
    const value = line.slice(name.length + 2)
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value)
  }
  const content = bytes.subarray(end + 4)
  const complete = content.length === Number(headers.get('content-length') ?? content.length)
  return { status: Number(first.split(' ')[1]), headers, content, complete }
}
