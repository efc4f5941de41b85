import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'
import { fieldOf, type RecordedResponse } from './transaction.ts'

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
export function differences(recorded: RecordedResponse, now: RecordedResponse, ignored: Ignored): string[] {
  const list: string[] = []
  if (recorded.status !== now.status) list.push(`status ${recorded.status} is ${now.status}`)
  // a log has no fields
  if (recorded.fields.length > 0) {
    const names = new Set([...recorded.fields, ...now.fields].map(([name]) => name.toLowerCase()))
    for (const name of names) {
      if (ignored.fields.has(name)) continue
      const before = valuesOf(recorded, name)
      const after = valuesOf(now, name)
      if (before !== after) list.push(`${name}: ${before ?? 'absent'} is ${after ?? 'absent'}`)
    }
  }
  if (!ignored.content && recorded.isWhole && !isSame(recorded, now))
    list.push(`content of ${recorded.contentBytes} bytes is another one of ${now.contentBytes}`)
  return list
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

/** Content without its codings; as it is when that cannot be done. */
function decoded({ fields, content, isDecoded }: RecordedResponse): Uint8Array {
  const coding = isDecoded ? '' : (fieldOf(fields, 'content-encoding') ?? '').toLowerCase()
  try {
    if (coding === 'gzip' || coding === 'x-gzip') return gunzipSync(content, limits)
    if (coding === 'br') return brotliDecompressSync(content, limits)
    // some send it without the wrapper of zlib
    if (coding === 'deflate')
      return (content[0]! & 15) === 8 ? inflateSync(content, limits) : inflateRawSync(content, limits)
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
