// Recognizes a fetch `Response`, whoever made it: another realm, another copy of undici, a polyfill. Its shape counts, not its class.
import { type FieldsInit, type ReplyHeaders, addHeaders } from './reply-headers.ts'
import type { BodySource } from './reply.ts'
import { isBytes, isSource } from './source.ts'

/** The fields of a `Response`. Old polyfills are not iterable, and node-fetch's keeps several lines of a name in `raw`. */
interface FieldsLike extends Partial<Iterable<[string, string]>> {
  get(name: string): string | null
  forEach(callback: (value: string, name: string) => void): void
  raw?(): Readonly<Record<string, readonly string[]>>
}

/** What all implementations of fetch `Response` have in common. */
export interface ResponseLike {
  readonly status: number
  readonly statusText?: string
  readonly url?: string
  readonly bodyUsed?: boolean
  readonly headers: FieldsLike
  /** Missing in polyfills without streams. */
  readonly body?: unknown
  arrayBuffer(): Promise<ArrayBuffer>
}

/**
 * Whether a value is a fetch `Response`. Inspecting it may run foreign code. The class `Response` is not used: it would make
 * Node load all of `fetch`, in programs that never use it.
 */
export function isResponse(value: unknown): value is ResponseLike {
  if (typeof value !== 'object' || value === null) return false
  const { status, headers, arrayBuffer } = value as Partial<ResponseLike>
  return typeof status === 'number' && typeof headers?.forEach === 'function' && typeof arrayBuffer === 'function'
}

/** Copies the fields of a `Response`, except those that no longer apply. */
export function copyFields({ headers, url = '' }: ResponseLike, to: ReplyHeaders): void {
  // What `fetch` has decoded no longer has the coding or the length of what was received.
  const isDecoded = url !== '' && headers.get('content-encoding') !== null
  addHeaders(to, fieldsOf(headers))
  if (isDecoded) to.delete('Content-Encoding').delete('Content-Length')
}

function fieldsOf(headers: FieldsLike): FieldsInit {
  // Lists of values, which `addHeaders` accepts.
  if (headers.raw) return headers.raw() as unknown as FieldsInit
  if (headers[Symbol.iterator]) return headers as Iterable<[string, string]>
  const fields: [string, string][] = []
  headers.forEach((value, name) => fields.push([name, value]))
  return fields
}

/** The streams that are the content of a `Response`. Most of these have all of it in memory, but do not say how much. */
const contents: WeakSet<object> = new WeakSet()

/** Whether a stream is the content of a `Response`. */
export function isOfResponse(stream: object): boolean {
  return contents.has(stream)
}

/** The content of a `Response`, which is used up. @throws TypeError when it has already been read. */
export function contentOf(response: ResponseLike): BodySource {
  const content = readable(response)
  if (isSource(content)) contents.add(content)
  return content
}

function readable(response: ResponseLike): BodySource {
  const { body, bodyUsed } = response
  if (bodyUsed === true) throw new TypeError('The body of the Response has been read already')
  if (body === undefined) return collected(response)
  if (body === null || typeof body === 'string' || isBytes(body)) return body
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
  const { stream } = body as Partial<Blob>
  if (typeof stream === 'function') return stream.call(body as Blob)
  const { getReader } = body as Partial<ReadableStream>
  const isRead = typeof getReader === 'function' || Symbol.asyncIterator in Object(body)
  return isRead ? (body as BodySource) : collected(response)
}

/** Content that is only available as a whole. */
async function* collected(response: ResponseLike): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(await response.arrayBuffer())
}
