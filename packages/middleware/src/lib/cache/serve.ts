// Replies that are made from what is stored.
import { type Context, Reply, type ReplyHeaders } from '@spillway/core'
import { parseDate } from '@spillway/parser/fields'
import { dropNonces } from '../http/nonces.ts'
import { respond } from '../static/respond.ts'
import { type Stored, ageOf } from './stored.ts'

/** Whether the client asks for only part of the content, or makes it conditional. */
export function isPartial({ headers }: Context<any, any>): boolean {
  return headers.has('if-none-match') || headers.has('if-modified-since') || headers.has('range')
}

/** What a 304 leaves out, because the client already has it (RFC 9110 §15.4.5). */
const described = ['Content-Type', 'Content-Encoding', 'Content-Language', 'Content-Range']

/** A reply made from a stored response: the whole, a part, or a 304 (RFC 9111 §4.3.2, RFC 9110 §14). */
export function serve(c: Context<any, any>, stored: Stored, now: number, status: string): Reply {
  const fields = stored.headers.clone()
  fields.set('Age', String(Math.floor(ageOf(stored, now) / 1000)))
  addStatus(fields, status)
  if (stored.status !== 200 || !isPartial(c)) return new Reply(stored.content, stored.status, fields)
  const brief = fields.clone()
  for (const name of described) brief.delete(name)
  dropNonces(brief)
  return respond(c, {
    content: stored.content,
    size: stored.content.length,
    type: fields.get('Content-Type') ?? 'application/octet-stream',
    etag: fields.get('ETag') ?? undefined,
    modified: parseDate(fields.get('Last-Modified') ?? fields.get('Date') ?? '') ?? undefined,
    variants: [],
    ok: undefined,
    fields,
    brief,
  })
}

/** Appends what this cache did to Cache-Status (RFC 9211): the cache nearest to the client comes last. */
export function addStatus(headers: ReplyHeaders, status: string): void {
  const before = headers.get('Cache-Status')
  headers.set('Cache-Status', before === null ? status : `${before}, ${status}`)
}
