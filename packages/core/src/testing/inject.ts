import { MessageParser, type ResponseSnapshot } from '@spillway/parser'
import { requestHead } from '@spillway/parser/serialize'
import type { Handler } from '../exchange/context.ts'
import { type MemoryClient, testServer } from './memory.ts'
import type { FieldsInit } from '../exchange/reply-headers.ts'
import { hasNoContent } from '../exchange/content.ts'
import type { ServerOptions } from '../server/server.ts'

/** The request of {@link inject}. */
export interface InjectInit {
  /** Default: GET, or POST with content. */
  readonly method?: string
  /** Default: a Host of `localhost`, and the Content-Length. */
  readonly headers?: FieldsInit
  /** Strings are sent as UTF-8. */
  readonly body?: string | Uint8Array
}

/**
 * Sends one request through the true parser and the true connection, in memory, and resolves with the complete reply.
 * Interim replies are passed over.
 * @param target in origin form: `/users/7?full`, or any other that a request line may have.
 * @throws TypeError when the request cannot be written; ParseError when the reply is not complete, or not well formed;
 * Error when the connection ends without one, or is taken over by another protocol: that is for `testServer`.
 */
export async function inject(
  handler: Handler,
  target: string,
  init: InjectInit = {},
  options: ServerOptions = {},
): Promise<Response> {
  const { method = init.body === undefined ? 'GET' : 'POST' } = init
  const client = testServer(handler, options).connect()
  client.send(Buffer.concat(message(method, target, init)))
  try {
    return await response(client, method)
  } finally {
    client.end()
  }
}

/**
 * What sends requests as {@link inject} does and is called as `fetch` is, for clients in tests.
 * @param options of the server.
 */
export function injector(handler: Handler, options: ServerOptions = {}): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname, search, host } = new URL(request.url)
    const headers: [string, string][] = [['host', host], ...request.headers]
    const { method } = request
    const body = request.body ? { body: new Uint8Array(await request.arrayBuffer()) } : {}
    return inject(handler, pathname + search, { method, headers, ...body }, options)
  }
}

function message(method: string, target: string, { headers = {}, body }: InjectInit): [Uint8Array, Uint8Array] {
  const content = typeof body === 'string' ? Buffer.from(body) : (body ?? new Uint8Array(0))
  const given = new Headers(headers as Record<string, string>)
  if (!given.has('host')) given.set('host', 'localhost')
  if (body !== undefined && !given.has('transfer-encoding')) given.set('content-length', String(content.length))
  return [requestHead(method, target, given), content]
}

async function response(client: MemoryClient, method: string): Promise<Response> {
  const parser = new MessageParser('response')
  parser.expect(method)
  const content: Uint8Array[] = []
  let head: ResponseSnapshot | undefined
  for (let read = 0; ; await client.changed()) {
    const bytes = Buffer.from(client.received.slice(read), 'latin1')
    read += bytes.length
    const isOver = client.state !== 'open'
    for (const event of isOver ? [...parser.feed(bytes), ...parser.end()] : parser.feed(bytes)) {
      if (event.type === 'response') head = httpOnly(event.head, method)
      else if (event.type === 'data') content.push(event.data)
      else if (event.type === 'end' && head!.status >= 200) return made(head!, content)
    }
    if (isOver) throw new Error('The connection ended without a reply')
  }
}

/** A head behind which HTTP goes on. */
function httpOnly(head: ResponseSnapshot, method: string): ResponseSnapshot {
  const { status } = head
  const isTunnel = status === 101 || (method === 'CONNECT' && status >= 200 && status < 300)
  if (isTunnel) throw new Error('The connection was taken over by another protocol')
  return head
}

function made(head: ResponseSnapshot, content: readonly Uint8Array[]): Response {
  const { status, reason } = head
  const body = hasNoContent(status) || content.length === 0 ? null : Buffer.concat(content)
  return new Response(body, { status, statusText: reason, headers: [...head] })
}
