// The replies to errors, and what is printed of those that are none.
import { reasonPhrase } from '@spillway/parser/serialize'
import { errorFacts } from './errors.ts'
import type { Context, Result } from './context.ts'
import { printError } from './guarded.ts'
import { Reply, replyOf } from './reply.ts'
import { textPlain } from './reply-headers.ts'

/** The reply to anything thrown, unless the application says otherwise. */
export function plainError(error: unknown): Reply {
  const { status, text, headers } = errorFacts(error)
  const reply = errorText(status, text ?? reasonPhrase(status))
  if (headers) for (const [name, value] of headers) reply.headers.set(name, value)
  return reply
}

/** What `onError` returned, or the default when that is nothing. @throws TypeError when it is not a reply. */
export function errorResult(result: Result | void, error: unknown): Reply {
  return result === undefined ? plainError(error) : replyOf(result, 'onError returned')
}

export function errorText(status: number, text: string): Reply {
  return new Reply(`${text}\n`, status, textPlain)
}

/**
 * Prints an error of an exchange, with its request: one that was made on purpose as a line, with its cause; any other with its stack.
 * What the server does for whoever gives it no `onError`. @param c null when no request is concerned.
 */
export function printFailure(error: unknown, c: Pick<Context, 'method' | 'target'> | null): void {
  const where = c ? `${c.method} ${c.target}` : 'connection'
  const { made, cause } = errorFacts(error)
  if (made === undefined) printError(where, error)
  else if (cause === undefined) printError(where, made)
  else printError(`${where}: ${made}`, cause)
}
