// A file in one of its codings, and the fields that describe it.
import { hash } from 'node:crypto'
import { KeptReply, ReplyHeaders } from '@spillway/core'
import { formatDate } from '@spillway/parser/fields'
import type { Coding } from '../http/codings.ts'
import type { Validators } from '../http/preconditions.ts'
import { contentType } from './content-type.ts'
import type { SourceFile } from './source.ts'

/** A content coding in which a file is available. */
export interface Variant {
  /** As in Accept-Encoding (RFC 9110 §8.4.1). */
  readonly name: string
  /** The extension of the file that contains it; empty when it is encoded here. */
  readonly extension: string
  readonly coding?: Coding | undefined
}

/** What describes a file, in addition to its content. */
export interface Description {
  readonly cacheControl: string
  /** The name whose extension determines the type: that of the file without the coding. */
  readonly name: string
  /** The codings in which it is available, best first. */
  readonly variants: readonly Variant[]
  /** The coding of this content. */
  readonly variant?: Variant | undefined
  /** Fields of the request on which this content depends, in addition to Accept-Encoding. */
  readonly vary?: string | undefined
}

/** One form of a file, ready to be sent (RFC 9110 §3.2), with the fields of its replies prepared. */
export interface Representation extends Validators {
  readonly size: number
  readonly type: string
  readonly variants: readonly Variant[]
  /** For a 200. Never changed, only cloned. */
  readonly fields: ReplyHeaders
  /** For a 304, 412 and 416: without those that describe content (RFC 9110 §15.4.5). */
  readonly brief: ReplyHeaders
  /** The bytes, or where to read them. */
  readonly content: Uint8Array | SourceFile
  /** The 200 reply, if the content is in memory. */
  readonly ok: KeptReply | undefined
}

/**
 * Describes content that is in memory. Its tag is a hash of the bytes: strong, and the same on every server that has a copy.
 * @param modified milliseconds since 1970; undefined when unknown.
 */
export function describeBytes(
  content: Uint8Array,
  modified: number | undefined,
  description: Description,
): Representation & { readonly ok: KeptReply } {
  const described = describe(content, content.length, `"${hash('sha1', content, 'base64url')}"`, modified, description)
  return { ...described, ok: new KeptReply(200, described.fields, content) }
}

/** Describes a file that is too large to be hashed for a tag. */
export function describeFile(file: SourceFile, description: Description): Representation {
  return describe(file, file.size, file.etag, file.modified, description)
}

function describe(
  content: Representation['content'],
  size: number,
  etag: string | undefined,
  changed: number | undefined,
  { cacheControl, name, variants, variant, vary }: Description,
): Representation {
  // A time in the future must not be sent (RFC 9110 §8.8.2.1).
  const modified = changed === undefined ? undefined : Math.min(changed, Date.now())
  const brief = new ReplyHeaders()
  if (etag !== undefined) brief.set('ETag', etag)
  if (modified !== undefined) brief.set('Last-Modified', formatDate(modified))
  brief.set('Cache-Control', cacheControl)
  const depends = [vary, variants.length > 0 || variant ? 'Accept-Encoding' : undefined].filter(Boolean)
  if (depends.length > 0) brief.set('Vary', depends.join(', '))
  // A variant that is encoded here has no URL of its own.
  if (variant?.extension) brief.set('Content-Location', `./${encodeURIComponent(name + variant.extension)}`)
  const type = contentType(name)
  const fields = brief.clone().set('Content-Type', type)
  if (variant) fields.set('Content-Encoding', variant.name)
  fields.set('X-Content-Type-Options', 'nosniff').set('Accept-Ranges', 'bytes')
  // It is an image until somebody opens it by itself: then it is a document of this site, and anybody may have uploaded it.
  if (type === 'image/svg+xml') fields.set('Content-Security-Policy', "script-src 'none'")
  return { size, etag, modified, type, variants, fields, brief, content, ok: undefined }
}
