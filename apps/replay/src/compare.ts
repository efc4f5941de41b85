// Compares responses with the recorded ones.
import * as zlib from 'node:zlib'
import { fieldOf, type RecordedRequest, type RecordedResponse } from './transaction.ts'

/** Parts of responses that are not compared. */
export interface Ignored {
  /** Field names in lower case. */
  readonly fields: ReadonlySet<string>
  readonly content: boolean
}

/** Fields that differ from response to response or belong to the connection. */
export const ofTheMoment: readonly string[] = [
  'age',
  'alt-svc',
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
]

/** The differences of a response, one line each. Content is compared only if it is complete on both sides. */
export function differences(
  request: RecordedRequest | undefined,
  recorded: RecordedResponse,
  now: RecordedResponse,
  ignored: Ignored,
): string[] {
  const list: string[] = []
  // a 304 says that the recorded response is still valid
  const isValidated = now.status === 304 && recorded.status === 200 && recorded.isDecoded && isConditional(request)
  if (recorded.status !== now.status && !isValidated) list.push(`status ${recorded.status} is ${now.status}`)
  // access logs have no fields
  if (recorded.fields.length > 0) {
    const names = new Set([...recorded.fields, ...now.fields].map(([name]) => name.toLowerCase()))
    for (const name of names) {
      if (ignored.fields.has(name) || (isValidated && fieldOf(now.fields, name) === undefined)) continue
      const before = valuesOf(recorded, name)
      const after = valuesOf(now, name)
      if (before !== after) list.push(`${name}: ${before ?? 'absent'} is ${after ?? 'absent'}`)
    }
  }
  if (!ignored.content && recorded.isWhole && !isValidated && !isSame(recorded, now))
    list.push(`content of ${recorded.contentBytes} bytes is now a different one of ${now.contentBytes}`)
  return list
}

/** Whether the request may get a 304. Browsers then record the 200 from their cache. */
function isConditional(request: RecordedRequest | undefined): boolean {
  return ['if-none-match', 'if-modified-since'].some((name) => fieldOf(request?.fields ?? [], name) !== undefined)
}

function valuesOf({ fields }: RecordedResponse, name: string): string | undefined {
  const values = fields.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value)
  // recorders join the values of one name into one line, browsers with line feeds
  return values.length === 0 ? undefined : values.join(', ').replaceAll('\n', ', ')
}

function isSame(recorded: RecordedResponse, now: RecordedResponse): boolean {
  if (Buffer.compare(recorded.content, now.content) === 0) return true
  const before = decoded(recorded)
  const after = decoded(now)
  if (Buffer.compare(before, after) === 0) return true
  // a HAR file has decoded text, whatever its charset was
  return recorded.isDecoded && new TextDecoder().decode(before) === new TextDecoder(charsetOf(now)).decode(after)
}

/** Limits decompressed content, as a small one may expand to far more. */
const limits = { maxOutputLength: 1 << 28 }

interface Zstd {
  zstdDecompressSync(content: Uint8Array, options: typeof limits): Uint8Array
}

/** Content without its content coding, or unchanged when it cannot be decoded. */
function decoded({ fields, content, isDecoded }: RecordedResponse): Uint8Array {
  const coding = isDecoded ? '' : (fieldOf(fields, 'content-encoding') ?? '').toLowerCase()
  try {
    if (coding === 'gzip' || coding === 'x-gzip') return zlib.gunzipSync(content, limits)
    if (coding === 'br') return zlib.brotliDecompressSync(content, limits)
    // Node has zstd from 22.15 on
    if (coding === 'zstd') return (zlib as Partial<Zstd>).zstdDecompressSync?.(content, limits) ?? content
    // some servers send deflate without the zlib wrapper (RFC 9110 §8.4.1.2)
    if (coding === 'deflate')
      return (content[0]! & 15) === 8 ? zlib.inflateSync(content, limits) : zlib.inflateRawSync(content, limits)
  } catch {
    // truncated, or not in that coding
  }
  return content
}

function charsetOf({ fields }: RecordedResponse): string {
  const named = /charset="?([\w-]+)/i.exec(fieldOf(fields, 'content-type') ?? '')?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(named).encoding
  } catch {
    return 'utf-8'
  }
}
