// The diagnostics channels of Node's own HTTP server, for tools that know only those. What they get are views: the parts of
// `IncomingMessage` and `ServerResponse` that tell of an exchange, and none of those that change it.
import { channel } from 'node:diagnostics_channel'
import { reasonPhrase } from '@spillway/parser/serialize'
import type { RequestContext } from '../exchange/request-context.ts'
import type { Reply } from '../exchange/reply.ts'
import type { Server } from './server.ts'

const created = channel('http.server.response.created')
const started = channel('http.server.request.start')
const finished = channel('http.server.response.finish')

type Fields = Record<string, string | string[]>

/** Of a name that comes twice the lines are joined, but for those of Set-Cookie. */
function fieldsOf(fields: Iterable<readonly [string, string]>): Fields {
  const all = Object.create(null) as Fields
  for (const [given, value] of fields) {
    const name = given.toLowerCase()
    const known = all[name]
    if (name === 'set-cookie') all[name] = [...(known ?? []), value]
    else all[name] = known === undefined ? value : `${known as string}${name === 'cookie' ? '; ' : ', '}${value}`
  }
  return all
}

class RequestView {
  readonly #context: RequestContext
  #headers: Fields | undefined

  constructor(context: RequestContext) {
    this.#context = context
  }

  get method(): string {
    return this.#context.method
  }

  get url(): string {
    return this.#context.target
  }

  get httpVersion(): string {
    return this.#context.httpVersion
  }

  get headers(): Fields {
    return (this.#headers ??= fieldsOf(this.#context.headers))
  }

  get rawHeaders(): string[] {
    return [...this.#context.headers].flat()
  }

  get socket(): { remoteAddress: string; remotePort: number; encrypted: boolean } {
    const { address, port, secure } = this.#context.peer
    return { remoteAddress: address, remotePort: port, encrypted: secure }
  }
}

class ResponseView {
  readonly req: RequestView
  readonly #context: RequestContext
  /** Once it is written. */
  #reply: Reply | undefined

  constructor(context: RequestContext, request: RequestView) {
    this.#context = context
    this.req = request
  }

  begun(reply: Reply): void {
    this.#reply = reply
  }

  get headersSent(): boolean {
    return this.#context.status !== 0
  }

  get statusCode(): number {
    return this.#context.status || 200
  }

  get statusMessage(): string {
    return this.#reply?.statusText || reasonPhrase(this.statusCode)
  }

  get writableEnded(): boolean {
    return this.#context.isOver
  }

  getHeaders(): Fields {
    return this.#reply ? fieldsOf(this.#reply.headers) : {}
  }

  getHeaderNames(): string[] {
    return Object.keys(this.getHeaders())
  }

  getHeader(name: string): string | string[] | undefined {
    return this.getHeaders()[name.toLowerCase()]
  }

  hasHeader(name: string): boolean {
    return this.getHeader(name) !== undefined
  }
}

interface Views {
  readonly request: RequestView
  readonly response: ResponseView
}

/** The same for one exchange: tools find again what they noted. */
const views: WeakMap<RequestContext, Views> = new WeakMap()

export const nodeChannels = {
  get areBegun(): boolean {
    return started.hasSubscribers || created.hasSubscribers
  },

  get areEnded(): boolean {
    return finished.hasSubscribers
  },

  /** A request is about to be answered. */
  begin(context: RequestContext, server: Server): void {
    const { request, response } = viewsOf(context)
    created.publish({ request, response })
    started.publish({ request, response, socket: request.socket, server })
  },

  /** The head of a reply was written. */
  reply(context: RequestContext, reply: Reply): void {
    views.get(context)?.response.begun(reply)
  },

  /** A reply was sent. */
  end(context: RequestContext, server: Server): void {
    const { request, response } = viewsOf(context)
    finished.publish({ request, response, socket: request.socket, server })
  },
}

function viewsOf(context: RequestContext): Views {
  let known = views.get(context)
  if (!known) {
    const request = new RequestView(context)
    known = { request, response: new ResponseView(context, request) }
    views.set(context, known)
  }
  return known
}
