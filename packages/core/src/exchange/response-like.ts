// What is a fetch `Response`, whoever made it: another realm, another copy of undici, a polyfill. Shape decides, not class.
import { type FieldsInit, type ReplyHeaders, addHeaders, forgetBytes } from './reply-headers.ts'
import type { BodySource } from './reply.ts'
import { isBytes, isSource, isStream } from './source.ts'

/** The fields of a `Response`. Old polyfills cannot be iterated, and that of node-fetch keeps several lines of a name in `raw`. */
interface FieldsLike {
  get(name: string): string | null
  forEach(callback: (value: string, name: string) => void): void
  getSetCookie?(): readonly string[]
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
  addHeaders(to, fieldsOf(headers))
  if (url !== '') dropFetched(to)
}

/** What was said of the connection that it was fetched over (RFC 9110 §7.6.1), and of content as long as it was coded. */
function dropFetched(fields: ReplyHeaders): void {
  if (isDecoded(fields.get('Content-Encoding'))) {
    fields.delete('Content-Encoding')
    forgetBytes(fields)
  }
  for (const name of (fields.get('Connection') ?? '').split(',')) fields.delete(name.trim())
  for (const name of ofConnection) fields.delete(name)
}

/** Whether `fetch` decodes this: where it does not know one of the codings, it leaves them all. */
function isDecoded(codings: string | null): boolean {
  return codings !== null && codings.split(',').every((coding) => decoded.test(coding.trim()))
}

/** Node's `fetch` knows Zstandard since version 7.11 of undici, which it is made of. */
const decoded = isAtLeast(globalThis.process?.versions['undici'])
  ? /^(?:(?:x-)?gzip|deflate|br|zstd)$/i
  : /^(?:(?:x-)?gzip|deflate|br)$/i

function isAtLeast(undici: string = '0.0'): boolean {
  const [major = 0, minor = 0] = undici.split('.').map(Number)
  return major > 7 || (major === 7 && minor >= 11)
}

/** Trailers are not to be had of what was fetched. */
const ofConnection = ['Connection', 'Keep-Alive', 'Proxy-Connection', 'TE', 'Trailer', 'Transfer-Encoding', 'Upgrade']

function fieldsOf(headers: FieldsLike): FieldsInit {
  // Lists of values, which `addHeaders` accepts.
  if (headers.raw) return headers.raw() as unknown as FieldsInit
  const fields: [string, string][] = []
  headers.forEach((value, name) => fields.push([name, value]))
  // Some tell their cookies as one line elsewhere.
  const cookies = headers.getSetCookie?.() ?? []
  if (cookies.length === 0) return fields
  const others = fields.filter(([name]) => name.toLowerCase() !== 'set-cookie')
  return [...others, ...cookies.map((cookie): [string, string] => ['set-cookie', cookie])]
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
  return isStream(Object(body)) ? (body as BodySource) : collected(response)
}

/** Content that is only available as a whole. */
async function* collected(response: ResponseLike): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(await response.arrayBuffer())
}
