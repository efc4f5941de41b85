import { setTimeout as sleep } from 'node:timers/promises'
import { type Handler, type Server, type ServerOptions, serve } from '../src/index.ts'
import { MachineClient } from './http2/machine-client.ts'
import { rawClient, replies, until } from './support.ts'

export const protocols = ['HTTP/1.1', 'HTTP/2'] as const
export type Protocol = (typeof protocols)[number]

/** What came of a request, whatever carried it. */
export interface Answer {
  readonly status: number
  /** Lower-case names. */
  readonly fields: ReadonlyMap<string, string>
  /** Read as UTF-8. */
  readonly body: string
  /** Lower-case names. */
  readonly trailers: ReadonlyMap<string, string>
  /** Whether the content came to its end. */
  readonly complete: boolean
  /** Everything, over HTTP/1.1. */
  readonly wire: string
}

/** What is asked: content comes in pieces, one after the other. */
interface Question {
  readonly method?: string
  readonly fields?: readonly (readonly [name: string, value: string])[]
  readonly pieces?: readonly string[]
}

/** Asks a server of its own, over true sockets. */
export async function ask(
  protocol: Protocol,
  handler: Handler,
  { method = 'GET', fields = [], pieces = [], ...options }: ServerOptions & Question = {},
): Promise<Answer> {
  const server = await serve(handler, { port: 0, http2: true, ...options })
  try {
    const asked = { method, fields, pieces }
    return await (protocol === 'HTTP/2' ? askHttp2(server, asked) : askHttp1(server, asked))
  } finally {
    await server.close({ deadline: 0 })
  }
}

async function askHttp1(server: Server, { method, fields, pieces }: Required<Question>): Promise<Answer> {
  const client = rawClient(server)
  const length = pieces.length > 0 ? `Content-Length: ${pieces.join('').length}\r\n` : ''
  const others = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  client.send(`${method} / HTTP/1.1\r\nHost: a\r\n${length}${others}Connection: close\r\n\r\n`)
  for (const piece of pieces) {
    await sleep(2)
    client.send(piece)
  }
  const wire = await client.ended
  const all = replies(wire, [method])
  const last = all.at(-1)!
  return { ...last, body: Buffer.from(last.body, 'latin1').toString(), wire }
}

/** Lines of one name are joined, as in HTTP/1.1. */
function byName(lines: Iterable<readonly [name: string, value: string]>): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (const [name, value] of lines) fields.set(name, fields.has(name) ? `${fields.get(name)}, ${value}` : value)
  return fields
}

async function askHttp2(server: Server, { method, fields, pieces }: Required<Question>): Promise<Answer> {
  const client = new MachineClient(server.port)
  try {
    const stream = client.request(method, '/', pieces.length === 0, fields)
    for (const [i, piece] of pieces.entries()) {
      await sleep(2)
      client.write(stream, piece, i === pieces.length - 1)
    }
    const got = await client.all(stream)
    const { status, body, reset } = got
    const trailers = byName(got.trailers ?? [])
    return { status, trailers, fields: byName(got.fields), body, complete: reset === undefined, wire: '' }
  } finally {
    client.socket.destroy()
    await until(() => client.isOver)
  }
}
