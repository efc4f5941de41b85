// The diagnostics channels of Node's own HTTP server, for tools that know only those. They get views: the parts of
// `IncomingMessage` and `ServerResponse` that describe an exchange, and none of those that change it.
import { channel } from 'node:diagnostics_channel'
import { reasonPhrase } from '@spillway/parser/serialize'
import type { RequestContext } from '../exchange/request-context.ts'
import type { Handler, Result } from '../exchange/context.ts'
import { ignore, isThenable } from '../exchange/guarded.ts'
import type { Server } from './server.ts'

const created = channel('http.server.response.created')
const started = channel('http.server.request.start')
const finished = channel('http.server.response.finish')

/** Servers that publish on these channels themselves, with Node's own requests and responses. */
const tellers: WeakSet<Server> = new WeakSet()

/** Leaves the channels to a server that publishes on them itself. */
export function tellsItself(server: Server): void {
  tellers.add(server)
}

type Fields = Record<string, string | string[]>

/** Lines of the same name are joined, except those of Set-Cookie. */
function fieldsOf(fields: Iterable<readonly [string, string]>): Fields {
  const all = Object.create(null) as Fields
  for (const [given, value] of fields) {
    const name = given.toLowerCase()
    const known = all[name]
    if (name === 'set-cookie') all[name] = [...((known ?? []) as string[]), value]
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
  /** What the handler returned. */
  #reply: Result | undefined

  constructor(context: RequestContext, request: RequestView) {
    this.#context = context
    this.req = request
  }

  begun(reply: Result): void {
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
    return this.#reply ? fieldsOf(this.#reply.headers as Iterable<[string, string]>) : {}
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

export const nodeChannels: {
  readonly areUsed: boolean
  /** A request is about to be answered: returns a handler whose reply is observed. Tools get the same view objects in all events of it. */
  begin(context: RequestContext, server: Server, handler: Handler): Handler
} = {
  get areUsed(): boolean {
    return started.hasSubscribers || created.hasSubscribers || finished.hasSubscribers
  },

  begin(context: RequestContext, server: Server, handler: Handler): Handler {
    if (tellers.has(server)) return handler
    const request = new RequestView(context)
    const response = new ResponseView(context, request)
    const { socket } = request
    created.publish({ request, response })
    started.publish({ request, response, socket, server })
    context.done(({ kind }) => {
      if (kind === 'sent') finished.publish({ request, response, socket, server })
    })
    return (c) => {
      const result = handler(c)
      if (!isThenable(result)) response.begun(result)
      else
        Promise.resolve(result).then(
          (reply) => response.begun(reply),
          // The error is reported elsewhere.
          ignore,
        )
      return result
    }
  },
}
