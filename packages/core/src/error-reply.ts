import { reasonPhrase } from '@spillway/parser/serialize'
import { errorFacts } from './errors.ts'
import { Reply } from './reply.ts'
import { ReplyHeaders, fieldLine } from './reply-headers.ts'

/** What is answered for anything thrown, unless the application says otherwise. */
export function plainError(error: unknown): Reply {
  const { status, text, headers } = errorFacts(error)
  const reply = errorText(status, text ?? reasonPhrase(status))
  if (headers) for (const [name, value] of headers) reply.headers.set(name, value)
  return reply
}

export function errorText(status: number, text: string): Reply {
  return new Reply(`${text}\n`, status, new ReplyHeaders(fieldLine('Content-Type', 'text/plain; charset=utf-8')))
}
