// A name for each request, for logs here and elsewhere.
import { randomUUID } from 'node:crypto'
import { AddressSet, type Context, ReplyHeaders } from '@spillway/core'
import { type Rules, list, readOptions, text } from '@spillway/core/options'
import { peerAddress } from './lib/http/known-client.ts'
import { withFields } from './lib/layers/reply-fields.ts'
import type { Middleware } from './lib/layers/types.ts'

/** Options of {@link requestId}. */
export interface RequestIdOptions {
  /** The field it is sent in, and comes in. Default: `X-Request-Id`. */
  readonly field?: string
  /**
   * Whose ids are taken over: addresses and networks of the peers, `unix` for unix sockets. Anybody else could make two
   * requests look like one. Default: nobody's.
   */
  readonly trusted?: readonly string[]
}

const rules: Rules<Required<RequestIdOptions>> = { field: text('X-Request-Id'), trusted: list(text()) }

/** Long enough for what proxies make, and harmless in logs, commands and addresses. */
const usable = /^[\w.:=+/@-]{1,128}$/

/**
 * Gives each request a name, `c.state.requestId`, which `logger` writes, and tells the client in a field of the reply, that
 * to an error, too. It is a random UUID, unless a trusted peer sent one that is usable: up to 128 letters, digits and
 * `_.:=+/@-`.
 * @throws TypeError when the field has no name that can be sent, or what is trusted is neither address nor network.
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
  return (c, next) => {
    const id = takenOver(c) ?? randomUUID()
    c.state.requestId = id
    return withFields(c, next, (headers) => void headers.set(field, id))
  }
}
