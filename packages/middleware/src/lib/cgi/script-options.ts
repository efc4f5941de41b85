// What CGI and FastCGI share: options, and answers that may be redirects.
import { type Context, type Handler, Reply } from '@spillway/core'
import { redirectLocally } from './local-redirect.ts'
import type { MetaOptions } from './meta-variables.ts'
import type { ErrorSink } from './script-errors.ts'
import type { LocalRedirect } from './script-reply.ts'

/** Options of whatever answers with scripts. */
export interface ScriptOptions extends MetaOptions {
  /**
   * Answers a local redirect (RFC 3875 §6.2.2), a script's wish that another path of this server be sent in its place: most
   * often the application itself, `(c) => app(c)`. Default: the client is sent there, with 302.
   */
  readonly redirect?: Handler
  /** Hears what scripts say on their error output. Default: writes it to ours. */
  readonly onStderr?: ErrorSink
}

/** The reply for what a script has said. */
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
