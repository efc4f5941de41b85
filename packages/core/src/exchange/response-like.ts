// What is a fetch `Response`, whoever made it: another realm, another copy of undici, a polyfill. Shape decides, not class.
import { type FieldsInit, type ReplyHeaders, addHeaders } from './reply-headers.ts'
import type { BodySource } from './reply.ts'
import { isBytes, isSource } from './source.ts'

/** The fields of a `Response`. Old polyfills cannot be iterated, and that of node-fetch keeps several lines of a name in `raw`. */
interface FieldsLike extends Partial<Iterable<[string, string]>> {
  get(name: string): string | null
  forEach(callback: (value: string, name: string) => void): void
  raw?(): Readonly<Record<string, readonly string[]>>
}

/** What the fetch `Response`s of this world have in common. */
export interface ResponseLike {
  readonly status: number
  readonly statusText?: string
  readonly url?: string
  readonly bodyUsed?: boolean
  readonly headers: FieldsLike
  /** Missing in polyfills that know no streams. */
  readonly body?: unknown
  arrayBuffer(): Promise<ArrayBuffer>
}

/**
 * Whether a value is a fetch `Response`. Looking at it may run code of its own. The class `Response` is not asked: Node would load all of
 * `fetch` for that, in programs that never use it.
 */
export function isResponse(value: unknown): value is ResponseLike {
  if (typeof value !== 'object' || value === null) return false
  const { status, headers, arrayBuffer } = value as Partial<ResponseLike>
  return typeof status === 'number' && typeof headers?.forEach === 'function' && typeof arrayBuffer === 'function'
}

/** Copies the fields of a `Response`, but for those that do not hold any more. */
export function copyFields({ headers, url = '' }: ResponseLike, to: ReplyHeaders): void {
  // What `fetch` has decoded is neither coded nor as long as it was.
  const isDecoded = url !== '' && headers.get('content-encoding') !== null
  addHeaders(to, fieldsOf(headers))
  if (isDecoded) to.delete('Content-Encoding').delete('Content-Length')
}

function fieldsOf(headers: FieldsLike): FieldsInit {
  // Lists of values, which `addHeaders` takes.
  if (headers.raw) return headers.raw() as unknown as FieldsInit
  if (headers[Symbol.iterator]) return headers as Iterable<[string, string]>
  const fields: [string, string][] = []
  headers.forEach((value, name) => fields.push([name, value]))
  return fields
}

/** The streams that are the content of `Response`s. Most of these have all of it at hand, and keep to themselves how much. */
const contents: WeakSet<object> = new WeakSet()

/** Whether a stream is the content of a `Response`. */
export function isOfResponse(stream: object): boolean {
  return contents.has(stream)
}

/** The content of a `Response`, which is used up. @throws TypeError when it was read before. */
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

/** Content that can only be had whole. */
async function* collected(response: ResponseLike): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(await response.arrayBuffer())
}
