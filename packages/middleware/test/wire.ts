import { type Socket, connect } from 'node:net'
import type { Server } from '@spillway/core'

export interface WireReply {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /** Without the framing of chunks. */
  readonly content: Buffer
  /** Whether the message has the end that its framing announced. */
  readonly complete: boolean
}

/** Everything of a request behind its first line; a length is added when there is content. */
export interface WireRequest {
  readonly fields?: readonly string[]
  readonly content?: string | Uint8Array
}

/** Sends one request as it is written and reads to the end of the connection. */
export function ask(server: Server, line: string, { fields = [], content }: WireRequest = {}): Promise<WireReply> {
  return new Promise((resolve) => {
    const socket = open(server, line, content === undefined ? fields : [...fields, lengthOf(content)])
    if (content !== undefined) socket.write(content)
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('close', () => resolve(readReply(Buffer.concat(chunks))))
  })
}

/** Opens a connection and sends the head of a request, which asks to close. Errors of the socket are left to its `close`. */
export function open(server: Server, line: string, fields: readonly string[] = []): Socket {
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(`${[`${line} HTTP/1.1`, 'Host: test', 'Connection: close', ...fields].join('\r\n')}\r\n\r\n`)
  return socket
}

function lengthOf(content: string | Uint8Array): string {
  return `Content-Length: ${Buffer.byteLength(content)}`
}

/** Reads one reply. */
export function readReply(bytes: Buffer): WireReply {
  const end = bytes.indexOf('\r\n\r\n')
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const headers = new Map<string, string>()
  for (const line of lines) {
    const name = line.slice(0, line.indexOf(':')).toLowerCase()
    const value = line.slice(name.length + 2)
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value)
  }
  const rest = bytes.subarray(end + 4)
  const status = Number(first.split(' ')[1])
  if (headers.get('transfer-encoding') === 'chunked') return { status, headers, ...readChunks(rest) }
  const complete = rest.length === Number(headers.get('content-length') ?? rest.length)
  return { status, headers, content: rest, complete }
}

function readChunks(bytes: Buffer): { content: Buffer; complete: boolean } {
  const chunks: Buffer[] = []
  for (let at = 0; ;) {
    const line = bytes.indexOf('\r\n', at)
    const size = line < 0 ? NaN : parseInt(bytes.toString('latin1', at, line), 16)
    if (!(size > 0)) return { content: Buffer.concat(chunks), complete: size === 0 }
    chunks.push(bytes.subarray(line + 2, line + 2 + size))
    at = line + 2 + size + 2
  }
}
