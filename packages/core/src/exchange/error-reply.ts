// The replies to errors.
import { reasonPhrase } from '@spillway/parser/serialize'
import { errorFacts } from './errors.ts'
import type { Result } from './context.ts'
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
