// What has to change in a reply beside its content, when that is encoded.
import { type BodySource, type Reply, forgetBytes } from '@spillway/core'
import { tokenList } from '@spillway/parser/fields'

/** Gives a reply another form of its content: the one way for middleware to do so. What was said about the old bytes goes. */
export function changeBody(reply: Reply, body: BodySource): void {
  forgetBytes(reply.headers)
  reply.body = body
}

/** Says that the reply depends on a field of the request, beside those already told (RFC 9110 §12.5.5). */
export function addVary({ headers }: Pick<Reply, 'headers'>, name: string): void {
  const vary = headers.get('Vary')
  if (vary === null) headers.set('Vary', name)
  else if (!tokenList(vary).some((member) => member === '*' || member.toLowerCase() === name.toLowerCase()))
    headers.set('Vary', `${vary}, ${name}`)
}
