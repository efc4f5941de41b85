// An id for each request, for logs here and elsewhere.
import { randomUUID } from 'node:crypto'
import { AddressSet, type Context, ReplyHeaders } from '@spillway/core'
import { type Rules, list, readOptions, text } from '@spillway/core/options'
import { peerAddress } from './lib/http/known-client.ts'
import { named } from './lib/layers/layer-trace.ts'
import { withFields } from './lib/layers/reply-fields.ts'
import type { Middleware } from './lib/layers/types.ts'

/** Options of {@link requestId}. */
export interface RequestIdOptions {
  /** The field in which it is sent, and in which it may come. Default: `X-Request-Id`. */
  readonly field?: string
  /**
   * Whose ids are accepted: addresses and networks of peers, `unix` for unix sockets. Anybody else could make two
   * requests look like one. Default: nobody's.
   */
  readonly trusted?: readonly string[]
}

const rules: Rules<Required<RequestIdOptions>> = { field: text('X-Request-Id'), trusted: list(text()) }

/** Long enough for the ids that proxies make, and harmless in logs, commands and URLs. */
const usable = /^[\w.:=+/@-]{1,128}$/

/**
 * Gives each request an id, `c.state.requestId`, which `logger` writes, and sends it to the client in a field of the reply, including
 * error replies. It is a random UUID, unless a trusted peer sent a usable one: up to 128 letters, digits and
 * `_.:=+/@-`.
 * @throws TypeError when the field's name cannot be sent, or an entry of `trusted` is neither address nor network.
 */
export function requestId(options: RequestIdOptions = {}): Middleware<{ requestId: string }> {
  const { field, trusted } = readOptions(rules, options)
  const peers = trusted.length > 0 ? new AddressSet(trusted) : undefined
  new ReplyHeaders().set(field, '')
  const takenOver = (c: Context<any, any>): string | undefined => {
    if (!peers) return undefined
    const id = c.headers.get(field)
    return id !== null && usable.test(id) && peers.has(peerAddress(c.peer) || undefined) ? id : undefined
  }
  return named('requestId', (c, next) => {
    const id = takenOver(c) ?? randomUUID()
    c.state.requestId = id
    return withFields(c, next, (headers) => void headers.set(field, id))
  })
}
