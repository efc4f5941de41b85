// Sends one request to a handler without a socket, for tests.
import { MessageParser, type ParserEvent, type ResponseSnapshot } from '@spillway/parser'
import { requestHead } from '@spillway/parser/serialize'
import type { Handler } from '../exchange/context.ts'
import { testServer } from './memory.ts'
import type { Transport } from '../transport/transport.ts'
import { type FieldsInit, fieldPairs } from '../exchange/reply-headers.ts'
import { type Rules, anything, either, optional, readOptions, text, thing } from '../exchange/read-options.ts'
import { hasNoContent } from '../exchange/content.ts'
import { kindOf } from '../exchange/guarded.ts'
import { jsonOf } from '../exchange/json.ts'
import type { ServerOptions } from '../server/server.ts'

/** The request of {@link inject}. */
export interface InjectInit {
  /** Default: GET, or POST with content. */
  readonly method?: string
  /** Fields. Default: a Host of `localhost`, and the Content-Length. */
  readonly headers?: FieldsInit
  /** Strings are sent as UTF-8; forms and blobs with their own type, unless `headers` gives another one. */
  readonly body?: string | Uint8Array | FormData | URLSearchParams | Blob
  /** A value that is sent as JSON, instead of `body`. */
  readonly json?: unknown
}

const contents = 'text, bytes, a Blob, FormData or URLSearchParams (a value is sent as `json`)'

export const injectRules: Rules<InjectInit> = {
  method: optional(text('', /./)),
  headers: thing<FieldsInit>('an object or a list of pairs'),
  body: optional<InjectInit['body']>(either(text(), thing<Exclude<InjectInit['body'], string | undefined>>(contents))),
  json: anything(),
}

/**
 * Sends one request through the real parser and the real connection, in memory, and resolves with the complete reply.
 * Interim replies are skipped. Deadlines apply: `timeouts.request` ends a handler that never answers.
 * @param target in origin form, `/users/7?full`, or any other form that a request line may have.
 * @throws TypeError when the request cannot be written, and for a name or a kind of value that {@link InjectInit} does not have; ParseError
 * when the reply is incomplete or malformed; Error when the connection ends without one, or is taken over by another protocol: use
 * `testServer` for that.
 */
export async function inject(
  handler: Handler,
  target: string,
  init: InjectInit = {},
  options: ServerOptions = {},
): Promise<Response> {
  const request = readOptions(injectRules, init)
  const [head, content] = await message(target, request)
  const t = testServer(handler, options)
  const transport = t.open()
  // Deadlines apply: `timeouts.request` ends a handler that never answers.
  const clock = setInterval(() => t.advance(1), t.interval)
  try {
    const answer = response(transport, methodOf(request))
    transport.write(Buffer.concat([head, content]))
    return await answer
  } finally {
    clearInterval(clock)
    transport.end()
  }
}

/**
 * A function that sends requests like {@link inject} and is called like `fetch`, for clients in tests.
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

function methodOf({ method, body, json }: InjectInit): string {
  return method ?? (body === undefined && json === undefined ? 'GET' : 'POST')
}

async function message(target: string, init: InjectInit): Promise<[head: Uint8Array, content: Uint8Array]> {
  const { headers = {}, body } = init
  const given = new Headers()
  for (const [name, value] of fieldPairs(headers)) given.append(name, value)
  if (!given.has('host')) given.set('host', 'localhost')
  const [content, type] = await contentOf(init)
  if (type !== null && !given.has('content-type')) given.set('content-type', type)
  const hasContent = body !== undefined || init.json !== undefined
  if (hasContent && !given.has('transfer-encoding')) given.set('content-length', String(content.length))
  return [requestHead(methodOf(init), target, given), content]
}

/** The bytes to send, and their type if it is known. */
async function contentOf({ body, json }: InjectInit): Promise<[content: Uint8Array, type: string | null]> {
  if (json !== undefined) {
    if (body !== undefined) throw new TypeError('The content is either `json` or `body`')
    return [Buffer.from(jsonOf(json)), 'application/json']
  }
  if (typeof body === 'string') return [Buffer.from(body), null]
  if (body === undefined || body instanceof Uint8Array) return [body ?? new Uint8Array(0), null]
  if (!(body instanceof FormData || body instanceof URLSearchParams || body instanceof Blob))
    throw new TypeError(`The option \`body\` is ${contents}, not ${kindOf(body)}`)
  const encoded = new Response(body)
  return [new Uint8Array(await encoded.arrayBuffer()), encoded.headers.get('content-type')]
}

function response(transport: Transport, method: string): Promise<Response> {
  const parser = new MessageParser('response')
  parser.expect(method)
  const content: Uint8Array[] = []
  let head: ResponseSnapshot | undefined
  return new Promise((resolve, reject) => {
    const read = (feed: () => Iterable<ParserEvent<'response'>>): void => {
      try {
        for (const event of feed())
          if (event.type === 'response') head = httpOnly(event.head, method)
          else if (event.type === 'data') content.push(event.data)
          else if (event.type === 'end' && head!.status >= 200) resolve(made(head!, content))
      } catch (error) {
        reject(error)
      }
    }
    const over = (): void => {
      read(() => parser.end())
      reject(new Error('The connection ended without a reply'))
    }
    transport.attach({
      onData: (bytes) => read(() => parser.feed(bytes)),
      onDrain: () => {},
      onEnd: over,
      onClose: over,
    })
  })
}

/** A head after which HTTP continues. */
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
