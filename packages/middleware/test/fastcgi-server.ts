import { once } from 'node:events'
import { type Server, type Socket, createServer } from 'node:net'
import { onTestFinished } from 'vitest'

/** A record of FastCGI 1.0 (§3.3), right or wrong. */
export function record(
  type: number,
  content: string | Uint8Array = '',
  { padding = 0, id = 1, version = 1 }: { padding?: number; id?: number; version?: number } = {},
): Buffer {
  const bytes = Buffer.from(content as string)
  const header = [version, type, id >> 8, id & 255, bytes.length >> 8, bytes.length & 255, padding, 0]
  return Buffer.concat([Buffer.from(header), bytes, Buffer.alloc(padding, 0x55)])
}

export const stdout = (content: string | Uint8Array, padding = 0): Buffer => record(6, content, { padding })
export const end = (protocolStatus = 0, appStatus = 0): Buffer =>
  record(3, Buffer.from([0, 0, 0, appStatus, protocolStatus, 0, 0, 0]))
/** A whole answer. */
export const answer = (content: string): Buffer =>
  Buffer.concat([stdout(`Content-Type: text/plain\r\n\r\n${content}`), stdout(''), end()])

/** What the application has got of one request, complete. */
export interface FastCgiRequest {
  readonly params: Readonly<Record<string, string>>
  readonly content: Buffer
  /** Types of all its records, in their order. */
  readonly types: readonly number[]
  readonly begin: Buffer
  readonly socket: Socket
  /** 1 for the first connection. */
  readonly connection: number
}

export interface FakeApplication {
  readonly port: number
  /** Connections so far, and those that are open. */
  readonly connections: number
  readonly open: ReadonlySet<Socket>
  readonly requests: readonly FastCgiRequest[]
}

/**
 * An application that answers as a test wants it to; it reads requests with a parser of its own.
 * @param path of a unix socket. Default: a free port.
 */
export async function fakeApplication(
  respond: (request: FastCgiRequest) => void,
  onConnection: (socket: Socket) => void = () => {},
  path?: string,
): Promise<FakeApplication> {
  const requests: FastCgiRequest[] = []
  const open = new Set<Socket>()
  let connections = 0
  const server: Server = createServer((socket) => {
    const connection = ++connections
    open.add(socket)
    socket.on('error', () => {}).on('close', () => open.delete(socket))
    onConnection(socket)
    let bytes = Buffer.alloc(0)
    let parts: { type: number; content: Buffer }[] = []
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      for (;;) {
        if (bytes.length < 8) return
        const size = 8 + bytes.readUInt16BE(4) + bytes[6]!
        if (bytes.length < size) return
        const part = { type: bytes[1]!, content: bytes.subarray(8, 8 + bytes.readUInt16BE(4)) }
        bytes = bytes.subarray(size)
        parts.push(part)
        if (part.type !== 5 || part.content.length > 0) continue
        const stream = (type: number): Buffer =>
          Buffer.concat(parts.filter((each) => each.type === type).map(({ content }) => content))
        const types = parts.map(({ type }) => type)
        const request = {
          params: pairs(stream(4)),
          content: stream(5),
          types,
          begin: stream(1),
          socket,
          connection,
        }
        parts = []
        requests.push(request)
        respond(request)
      }
    })
  })
  server.listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path })
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of open) socket.destroy()
  })
  return {
    port: path === undefined ? (server.address() as { port: number }).port : 0,
    get connections() {
      return connections
    },
    open,
    requests,
  }
}

function pairs(bytes: Buffer): Record<string, string> {
  const found: Record<string, string> = {}
  let at = 0
  const length = (): number => {
    if (bytes[at]! < 128) return bytes[at++]!
    at += 4
    return bytes.readUInt32BE(at - 4) & 0x7fffffff
  }
  while (at < bytes.length) {
    const name = length()
    const value = length()
    found[bytes.toString('utf8', at, at + name)] = bytes.toString('utf8', at + name, at + name + value)
    at += name + value
  }
  return found
}
