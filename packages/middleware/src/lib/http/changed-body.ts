// What has to change in a reply beside its content, when that is encoded.
import type { BodySource, Reply } from '@spillway/core'
import { tokenList } from '@spillway/parser/fields'

/**
 * Gives a reply another form of its content: the one way for middleware to do so. What was said about the old bytes goes:
 * their length and digests (RFC 9530), that parts of them can be had, and that the tag stands for every single byte.
 */
export function changeBody(reply: Reply, body: BodySource): void {
  const { headers } = reply
  for (const name of ['Content-Length', 'Content-MD5', 'Content-Digest', 'Repr-Digest', 'Accept-Ranges'])
    if (headers.has(name)) headers.delete(name)
  weakenTag(reply)
  reply.body = body
}

/** Says that two replies with this ETag may differ in their bytes, though not in what they mean (RFC 9110 §8.8.1). */
export function weakenTag({ headers }: Reply): void {
  const etag = headers.get('ETag')
  if (etag?.startsWith('"')) headers.set('ETag', `W/${etag}`)
}

/** Says that the reply depends on a field of the request, beside those already told (RFC 9110 §12.5.5). */
export function addVary({ headers }: Pick<Reply, 'headers'>, name: string): void {
  const vary = headers.get('Vary')
  if (vary === null) headers.set('Vary', name)
  else if (!tokenList(vary).some((member) => member === '*' || member.toLowerCase() === name.toLowerCase()))
    headers.set('Vary', `${vary}, ${name}`)
}
