import { hash } from 'node:crypto'
import { KeptReply, ReplyHeaders } from '@spillway/core'
import { formatDate } from '@spillway/parser/fields'
import type { Validators } from '../http/preconditions.ts'
import { contentType } from './content-type.ts'
import type { OpenFile } from './open-file.ts'
import { isSettled } from './open-file.ts'

/** A content coding that a file can be had in, and the end of that file's name. */
export interface Sibling {
  /** As in Accept-Encoding (RFC 9110 §8.4.1). */
  readonly name: string
  readonly extension: string
}

/** What is said about a file beside its content. */
export interface Description {
  readonly cacheControl: string
  /** The name whose end says the type: that of the file without the coding. */
  readonly name: string
  /** Codings there are files for, best first. */
  readonly siblings: readonly Sibling[]
  /** The coding of this file. */
  readonly coding: Sibling | undefined
}

/** One form of a file, ready to be sent (RFC 9110 §3.2): with the fields of its replies written beforehand. */
export interface Representation extends Validators {
  readonly size: number
  readonly type: string
  readonly siblings: readonly Sibling[]
  /** Of a 200. Never changed, only cloned. */
  readonly fields: ReplyHeaders
  /** Of a 304, 412 and 416: without those that describe content (RFC 9110 §15.4.5). */
  readonly brief: ReplyHeaders
  /** The bytes, or where to read them. */
  readonly content: Uint8Array | OpenFile
  /** The 200, when the content is at hand. */
  readonly ok: KeptReply | undefined
}

/**
 * Describes content that is at hand. Its tag is a hash of the bytes: strong, and the same on every server that has a copy.
 * @param mtimeMs undefined when nobody knows.
 */
export function describeBytes(
  content: Uint8Array,
  mtimeMs: number | undefined,
  description: Description,
): Representation {
  return describe(content, content.length, `"${hash('sha1', content, 'base64url')}"`, mtimeMs, description)
}

/**
 * Describes a file that is too large to be read for a tag. Size and times make a strong one (RFC 9110 §8.8.1) once a
 * further change could not go unseen, and a weak one until then. `ctime` is part of it: `mtime` may be set to anything,
 * and tools that unpack archives or build reproducibly set it to the same for every version.
 */
export function describeFile(file: OpenFile, description: Description): Representation {
  const { size, mtimeNs, ctimeNs, mtimeMs } = file.stats
  const tag = `"${[size, mtimeNs, ctimeNs].map((n) => n.toString(36)).join('-')}"`
  const etag = isSettled(file.stats) ? tag : `W/${tag}`
  return describe(file, Number(size), etag, Number(mtimeMs), description)
}

function describe(
  content: Representation['content'],
  size: number,
  etag: string,
  mtimeMs: number | undefined,
  { cacheControl, name, siblings, coding }: Description,
): Representation {
  // A time in the future must not be told (RFC 9110 §8.8.2.1).
  const modified = mtimeMs === undefined ? undefined : Math.min(mtimeMs, Date.now())
  const brief = new ReplyHeaders().set('ETag', etag)
  if (modified !== undefined) brief.set('Last-Modified', formatDate(modified))
  brief.set('Cache-Control', cacheControl)
  if (siblings.length > 0 || coding) brief.set('Vary', 'Accept-Encoding')
  if (coding) brief.set('Content-Location', `./${encodeURIComponent(name + coding.extension)}`)
  const type = contentType(name)
  const fields = brief.clone().set('Content-Type', type)
  if (coding) fields.set('Content-Encoding', coding.name)
  fields.set('X-Content-Type-Options', 'nosniff').set('Accept-Ranges', 'bytes')
  const ok = content instanceof Uint8Array ? new KeptReply(200, fields, content) : undefined
  return { size, etag, modified, type, siblings, fields, brief, content, ok }
}
