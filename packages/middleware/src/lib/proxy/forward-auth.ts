// Asks a server whether requests may pass.
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
  /** The path to request: `/verify`. */
  readonly path: string
  /**
   * Names of fields of its reply that are added to the request, replacing the client's: the user's name, for example. A
   * `proxy` behind drops such fields unless its `passOn` names them. Default: none.
   */
  readonly copy?: readonly string[]
}

const rules: Rules<Required<ForwardAuthOptions>> = { path: required(text('', /^\/[!-~]*$/)), copy: list(text()) }

/** Fields about content or about this connection: the request for permission has neither. */
const ofContent = /^(?:connection|content-.*|expect|if-.*|range|sec-websocket-.*|te|trailer|transfer-encoding|upgrade)$/

/** No content. */
const empty = { length: 0, limit: 0, used: false, trailers: null }

/**
 * Asks a server whether a request may pass. That server gets a GET with the fields of the request, and the method and target in
 * `X-Forwarded-Method` and `X-Forwarded-Uri`. With a status from 200 to 299 the request goes on; any other reply is sent to the client. When
 * the server does not answer, nobody is let in.
 * @throws TypeError for an invalid path, or for a name in `copy` that cannot be a field.
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
