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
  /** Whether the content came to its end. */
  readonly complete: boolean
  /** Everything, over HTTP/1.1. */
  readonly wire: string
}

/** Asks a server of its own, over true sockets. */
export async function ask(
  protocol: Protocol,
  handler: Handler,
  { method = 'GET', ...options }: ServerOptions & { method?: string } = {},
): Promise<Answer> {
  const server = await serve(handler, { port: 0, http2: true, ...options })
  try {
    return await (protocol === 'HTTP/2' ? askHttp2(server, method) : askHttp1(server, method))
  } finally {
    await server.close({ deadline: 0 })
  }
}

async function askHttp1(server: Server, method: string): Promise<Answer> {
  const client = rawClient(server)
  client.send(`${method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
  const wire = await client.ended
  const all = replies(wire, [method])
  const last = all.at(-1)!
  return { ...last, body: Buffer.from(last.body, 'latin1').toString(), wire }
}

async function askHttp2(server: Server, method: string): Promise<Answer> {
  const client = new MachineClient(server.port)
  try {
    const got = await client.all(client.request(method, '/'))
    const { status, body, reset } = got
    return { status, fields: new Map(got.fields), body, complete: reset === undefined, wire: '' }
  } finally {
    client.socket.destroy()
    await until(() => client.isOver)
  }
}
