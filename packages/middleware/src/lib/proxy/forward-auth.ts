// Servers that are asked who may come in.
import { dropSource } from '@spillway/core'
import { type Rules, list, readOptions, required, text } from '@spillway/core/options'
import { isToken } from '@spillway/parser/serialize'
import { changedHeaders, viewOf } from '../layers/context-view.ts'
import type { Middleware } from '../layers/types.ts'
import { forward } from './forward.ts'
import type { Upstreams } from './group.ts'
import { passedFields } from './passed-fields.ts'

/** Options of {@link forwardAuth}. */
export interface ForwardAuthOptions {
  /** What the server is asked for: `/verify`. */
  readonly path: string
  /**
   * Names of fields of its reply that the request goes on with, in place of those that the client sent: who it is, for example. A
   * `proxy` behind keeps such fields, unless its `passOn` names them. Default: none.
   */
  readonly copy?: readonly string[]
}

const rules: Rules<Required<ForwardAuthOptions>> = { path: required(text('', /^\/[!-~]*$/)), copy: list(text()) }

/** What is said of content, or of this connection: the question has neither. */
const ofContent = /^(?:connection|content-.*|expect|if-.*|range|sec-websocket-.*|te|trailer|transfer-encoding|upgrade)$/

/** Nothing: there is no content to read. */
const empty = { length: 0, limit: 0, used: false, trailers: null }

/**
 * Asks a server whether a request may pass: it gets a GET with the fields of the request, and in `X-Forwarded-Method` and
 * `X-Forwarded-Uri` what is asked for. With a status from 200 to 299 the request goes on; any other reply is the answer. A server that does not
 * answer lets nobody in.
 * @throws TypeError when the path is none, or a name that is to be copied cannot be one.
 */
export function forwardAuth(to: Upstreams, options: ForwardAuthOptions): Middleware {
  const { path, copy } = readOptions(rules, options)
  for (const name of copy) if (!isToken(name)) throw new TypeError(`Not the name of a field: ${JSON.stringify(name)}`)
  const copied = new Set(copy.map((name) => name.toLowerCase()))
  const mark = path.includes('?') ? path.indexOf('?') : path.length
  const [target, search] = [path.slice(0, mark), path.slice(mark)]
  const sending = {
    host: 'client',
    forwarded: 'x-forwarded',
    via: 'spillway',
    passes: passedFields([]),
    retries: 2,
    retryStatuses: [],
    rewrite: false,
    buffers: undefined,
  } as const
  return async (c, next) => {
    const headers = changedHeaders(c.headers, (name) => ofContent.test(name))
    const question = viewOf(c, { method: 'GET', path: target, search, base: '', protocol: '', headers, body: empty })
    const about = { 'X-Forwarded-Method': c.method, 'X-Forwarded-Uri': c.target }
    const reply = await forward(question, to, { ...sending, headers: () => about })
    if (reply.status < 200 || reply.status > 299) return reply
    dropSource(reply.body, undefined)
    if (copied.size === 0) return next()
    const found = new Map<string, string>()
    for (const name of copied) if (reply.headers.has(name)) found.set(name, reply.headers.get(name)!)
    return next(viewOf(c, { headers: changedHeaders(c.headers, (name) => copied.has(name), found) }))
  }
}
