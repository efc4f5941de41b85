// Forms with files (`multipart/form-data`), read part by part.
import { type Context, handled } from '@spillway/core'
import { readOptions } from '@spillway/core/options'
import { requestMediaType } from './lib/http/media-type.ts'
import { boundaryIn } from './lib/multipart/boundary.ts'
import { type MultipartLimits, type Part, parts, type KnownLimits, multipartRules } from './lib/multipart/parts.ts'
import { ProblemError } from './problem.ts'

export type { FieldPart, FilePart, MultipartLimits, Part } from './lib/multipart/parts.ts'

/**
 * The parts of a form with files, `multipart/form-data` (RFC 7578), one after the other as they arrive. Reading a file reads
 * the connection: a slow disk slows the client down, and memory does not grow with the upload. Fields come whole.
 * @throws ProblemError, while iterating: 415 for another type, 413 when a limit is exceeded, 400 for a form that is malformed or cut
 * short. AbortedError when the client has gone. Immediately: RangeError for a limit that is NaN or below 0, TypeError for an unknown
 * limit.
 */
export function multipart(c: Context<any, any>, limits: MultipartLimits = {}): AsyncGenerator<Part, void, undefined> {
  const found = read(c, readOptions(multipartRules, limits))
  const next = found.next.bind(found)
  // A caller that has failed in the meantime no longer waits for the next part.
  found.next = () => handled(next())
  return found
}

async function* read(c: Context<any, any>, limits: KnownLimits): AsyncGenerator<Part, void, undefined> {
  const boundary = boundaryOf(c)
  if (limits.totalBytes !== undefined) c.body.limit = limits.totalBytes
  yield* parts(c.body[Symbol.asyncIterator](), boundary, limits)
}

function boundaryOf(c: Context<any, any>): string {
  const type = requestMediaType(c.headers)
  const coding = c.headers.get('content-encoding') ?? 'identity'
  if (type?.essence === 'multipart/form-data' && coding.toLowerCase() === 'identity') return boundaryIn(type)
  const error = new ProblemError(415, 'TYPE_UNSUPPORTED', { detail: 'The content is not a form with files' })
  error.headers.set('Accept', 'multipart/form-data')
  throw error
}
