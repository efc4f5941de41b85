// What has to change in a reply when its content is encoded.
import type { BodySource, Reply } from '@spillway/core'
import { tokenList } from '@spillway/parser/fields'

/**
 * Gives a reply another form of its content; middleware does so only through this function. What was said about the old bytes is
 * removed: their length and digests (RFC 9530), that ranges of them can be requested, and that the tag identifies every single byte.
 */
export function changeBody(reply: Reply, body: BodySource): void {
  const { headers } = reply
  for (const name of ['Content-Length', 'Content-MD5', 'Content-Digest', 'Repr-Digest', 'Accept-Ranges'])
    if (headers.has(name)) headers.delete(name)
  weakenTag(reply)
  reply.body = body
}

/** Makes the ETag weak: replies with this tag may differ in their bytes, though not in their meaning (RFC 9110 §8.8.1). */
export function weakenTag({ headers }: Reply): void {
  const etag = headers.get('ETag')
  if (etag?.startsWith('"')) headers.set('ETag', `W/${etag}`)
}

/** Declares that the reply depends on a field of the request, in addition to those already declared (RFC 9110 §12.5.5). */
export function addVary({ headers }: Pick<Reply, 'headers'>, name: string): void {
  const vary = headers.get('Vary')
  if (vary === null) headers.set('Vary', name)
  else if (!tokenList(vary).some((member) => member === '*' || member.toLowerCase() === name.toLowerCase()))
    headers.set('Vary', `${vary}, ${name}`)
}
