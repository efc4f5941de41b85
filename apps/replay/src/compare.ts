// Compares answers with those that were recorded.
import * as zlib from 'node:zlib'
import { fieldOf, type RecordedRequest, type RecordedResponse } from './transaction.ts'

/** What is not compared. */
export interface Ignored {
  /** Field names in lower case. */
  readonly fields: ReadonlySet<string>
  readonly content: boolean
}

/** Fields that are of the moment or of the connection, and say nothing of the answer. */
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

/** What is different in an answer, one line for each; of contents only when the recording has all of it. */
export function differences(
  request: RecordedRequest | undefined,
  recorded: RecordedResponse,
  now: RecordedResponse,
  ignored: Ignored,
): string[] {
  const list: string[] = []
  // what it says is that the recorded answer is still right
  const isValidated = now.status === 304 && recorded.status === 200 && recorded.isDecoded && isConditional(request)
  if (recorded.status !== now.status && !isValidated) list.push(`status ${recorded.status} is ${now.status}`)
  // a log has no fields
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
    list.push(`content of ${recorded.contentBytes} bytes is another one of ${now.contentBytes}`)
  return list
}

/** Whether a 304 may answer it. Browsers record the 200 from their cache that it stands for. */
function isConditional(request: RecordedRequest | undefined): boolean {
  return ['if-none-match', 'if-modified-since'].some((name) => fieldOf(request?.fields ?? [], name) !== undefined)
}

function valuesOf({ fields }: RecordedResponse, name: string): string | undefined {
  const values = fields.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value)
  // recorders write the values of one name in one line, browsers with line feeds between them
  return values.length === 0 ? undefined : values.join(', ').replaceAll('\n', ', ')
}

function isSame(recorded: RecordedResponse, now: RecordedResponse): boolean {
  if (Buffer.compare(recorded.content, now.content) === 0) return true
  const before = decoded(recorded)
  const after = decoded(now)
  if (Buffer.compare(before, after) === 0) return true
  // a HAR file has text, whatever its charset was
  return recorded.isDecoded && new TextDecoder().decode(before) === new TextDecoder(charsetOf(now)).decode(after)
}

/** What a small content may become. */
const limits = { maxOutputLength: 1 << 28 }

interface Zstd {
  zstdDecompressSync(content: Uint8Array, options: typeof limits): Uint8Array
}

/** Content without its codings; as it is when that cannot be done. */
function decoded({ fields, content, isDecoded }: RecordedResponse): Uint8Array {
  const coding = isDecoded ? '' : (fieldOf(fields, 'content-encoding') ?? '').toLowerCase()
  try {
    if (coding === 'gzip' || coding === 'x-gzip') return zlib.gunzipSync(content, limits)
    if (coding === 'br') return zlib.brotliDecompressSync(content, limits)
    // Node 22.15 has it, Node 20 has not
    if (coding === 'zstd') return (zlib as Partial<Zstd>).zstdDecompressSync?.(content, limits) ?? content
    // some send it without the wrapper of zlib
    if (coding === 'deflate')
      return (content[0]! & 15) === 8 ? zlib.inflateSync(content, limits) : zlib.inflateRawSync(content, limits)
  } catch {
    // cut, or no such thing
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
