// Rules for the content of every reply, whatever the protocol that carries it.
import { HttpError } from './errors.ts'
import { kindOf } from './guarded.ts'
import type { Reply } from './reply.ts'
import { noContent } from './source.ts'

/** How the content of a reply is delimited on the wire (RFC 9112 §6.3). */
export const ContentFraming = {
  /** Complete within the plan. */
  Whole: 0,
  /** Streamed, Content-Length was announced. */
  Length: 1,
  /** Streamed in chunks. */
  Chunked: 2,
  /** Streamed, ends with the connection: HTTP/1.0 has no better way. */
  UntilClose: 3,
} as const
export type ContentFraming = (typeof ContentFraming)[keyof typeof ContentFraming]

/** Most bytes written at once. */
export const sliceBytes: number = 512 * 1024

/** Whether a reply with this status has no content, whatever the handler gave (RFC 9110 §15.3.5, §15.3.6, §15.4.5). */
export function hasNoContent(status: number): boolean {
  return status === 204 || status === 205 || status === 304
}

/** Whether a reply can have this status: it is not an interim one, and clients know what class it is of (RFC 9110 §15). */
export function isFinalStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 200 && status <= 599
}

function noFinalStatus(status: unknown): Error {
  if (typeof status !== 'number') return new TypeError(`A status is a number, not ${kindOf(status)}`)
  return new RangeError(`A reply has a final status, from 200 to 599, not ${status}`)
}

/**
 * Checks what must be true of every reply, whatever the protocol.
 * @throws RangeError for a status that must not be sent; TypeError for one that is no number, and for invalid content.
 */
export function checkReply({ status, body, takeOver }: Reply, method: string): void {
  if (!isFinalStatus(status) && !(takeOver && status === 101)) throw noFinalStatus(status)
  // What follows a 2xx to CONNECT is the tunnel, whatever the reply says (RFC 9110 §9.3.6).
  if (method === 'CONNECT' && status < 300 && !takeOver) throw connectRefused('')
  if (typeof body !== 'object' && typeof body !== 'string') throw noContent(body)
}

/** A handler that does not support tunnels refuses CONNECT. @param allow the methods that it does allow. */
export function connectRefused(allow: string): HttpError {
  const error = new HttpError(405, 'There is no tunnel here; one is opened with c.upgrade')
  error.headers.set('Allow', allow)
  return error
}

/** Whether text has the same bytes in ASCII, latin1 and UTF-8, so that it can be written together with the head in one string. */
export function isAscii(text: string): boolean {
  if (text.length > 64) return Buffer.byteLength(text) === text.length
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}
