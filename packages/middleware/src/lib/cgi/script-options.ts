// What CGI and FastCGI share: options, and replies that may be redirects.
import { type Context, type Handler, Reply } from '@spillway/core'
import { redirectLocally } from './local-redirect.ts'
import type { MetaOptions } from './meta-variables.ts'
import type { ErrorSink } from './script-errors.ts'
import type { LocalRedirect } from './script-reply.ts'

/** Options of everything that answers with scripts. */
export interface ScriptOptions extends MetaOptions {
  /**
   * Answers a local redirect (RFC 3875 §6.2.2), by which a script asks for another path of this server to be sent in its place:
   * usually the application itself, `(c) => app(c)`. Default: the client is redirected there with 302.
   */
  readonly redirect?: Handler
  /** Is told what scripts write to their standard error. Default: writes it to ours. */
  readonly onStderr?: ErrorSink
}

/** The reply made from a script's output. */
export async function answered(
  c: Context<any, any>,
  reply: Reply | LocalRedirect,
  { redirect }: ScriptOptions,
): Promise<Reply> {
  if (reply instanceof Reply) return reply
  if (!redirect) return c.redirect(reply.location)
  const result = await redirectLocally(c, reply.location, redirect)
  return Reply.from(result)
}
