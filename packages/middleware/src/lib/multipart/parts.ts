// Fields and files of a form, within limits.
import { handled, handledPieces } from '@spillway/core'
import { type Rules, type Settled, optional, readOptions, whole } from '@spillway/core/options'
import { ProblemError } from '../http/problem.ts'
import { type PartHead, readPartHead } from './part-head.ts'
import { PartReader, malformed } from './part-reader.ts'

/** Limits of a form. */
export interface MultipartLimits {
  /** Bytes of the whole content. Default: the server's limit, `limits.bodyBytes`. */
  readonly totalBytes?: number
  /** Bytes of one file. Default: limited only by `totalBytes`. */
  readonly fileBytes?: number
  /** Bytes of one field, which is held in memory. Default: 65536, more than people type. */
  readonly fieldBytes?: number
  /** Bytes of the head of one part. Default: 8192, as for the heads of messages. */
  readonly headBytes?: number
  /** Number of fields. Default: 1000, as for other forms. */
  readonly fields?: number
  /** Number of files. Default: 100. */
  readonly files?: number
}

/** A field of a form. */
export interface FieldPart {
  readonly kind: 'field'
  readonly name: string
  readonly value: string
}

/**
 * A file of a form. Its content is read as it comes, once, and before the next part is requested; what has not been read by then
 * is skipped.
 */
export interface FilePart extends AsyncIterable<Uint8Array> {
  readonly kind: 'file'
  readonly name: string
  /** The client's name for it, without directories. Empty when no file was chosen. Do not store the file under this name. */
  readonly filename: string
  /** The type according to the client, in lower case and without parameters; `application/octet-stream` when it gives none. */
  readonly type: string
  /** The whole content. @throws ProblemError 413 when it is larger than `fileBytes`. */
  bytes(): Promise<Uint8Array>
}

export type Part = FieldPart | FilePart

export type KnownLimits = Settled<MultipartLimits, Exclude<keyof MultipartLimits, 'totalBytes'>>

export const multipartRules: Rules<KnownLimits> = {
  totalBytes: optional(whole()),
  fileBytes: whole(Infinity),
  fieldBytes: whole(64 * 1024),
  headBytes: whole(8 * 1024, { from: 1 }),
  fields: whole(1000),
  files: whole(100),
}

// decision 008
/** The parts of a message, from any source of bytes. @param boundary without the dashes in front. */
export async function* parts(
  source: AsyncIterator<Uint8Array>,
  boundary: string,
  limits: MultipartLimits,
): AsyncGenerator<Part, void, undefined> {
  const known = readOptions(multipartRules, limits)
  const reader = new PartReader(source, boundary)
  const left = { field: known.fields, file: known.files }
  // The preamble is only for mail readers.
  while (await reader.content());
  while (await reader.next()) {
    const head = readPartHead(await reader.head(known.headBytes))
    const kind = head.filename === undefined ? 'field' : 'file'
    if (left[kind]-- === 0)
      throw tooLarge(`The form has more than ${kind === 'file' ? known.files : known.fields} ${kind}s`)
    if (kind === 'field') yield { kind, name: head.name, value: await readField(reader, head, known) }
    else {
      const file = new File(reader, head, known.fileBytes)
      yield file
      await file.skip()
    }
  }
  await reader.finish()
}

async function readField(reader: PartReader, { type }: PartHead, { fieldBytes }: KnownLimits): Promise<string> {
  const bytes = await collect(limited(reader, fieldBytes, 'A field'))
  const charset = type?.parameters.get('charset') ?? 'utf-8'
  try {
    return new TextDecoder(charset, { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw malformed('A field is not in its charset, or that is not known')
  }
}

class File implements FilePart {
  readonly kind = 'file'
  readonly name: string
  readonly filename: string
  readonly type: string
  readonly #content: AsyncGenerator<Uint8Array, void, undefined>
  #over = false
  #failure: { readonly error: unknown } | undefined

  constructor(reader: PartReader, { name, filename, type }: PartHead, most: number) {
    this.name = name
    this.filename = filename ?? ''
    this.type = type?.essence ?? 'application/octet-stream'
    this.#content = limited(reader, most, 'A file')
  }

  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    return handledPieces(this.#pieces())
  }

  async *#pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      if (this.#over) throw new TypeError('The content of this part is gone, because the next part has been asked for')
      const { done, value } = await this.#next()
      if (done) return
      yield value
    }
  }

  bytes(): Promise<Uint8Array> {
    return handled(collect(this))
  }

  /** Skips what was not read. @throws whatever reading failed with: there is no way to continue from there. */
  async skip(): Promise<void> {
    this.#over = true
    while (!(await this.#next()).done);
    if (this.#failure) throw this.#failure.error
  }

  async #next(): Promise<IteratorResult<Uint8Array, void>> {
    try {
      return await this.#content.next()
    } catch (error) {
      this.#failure = { error }
      throw error
    }
  }
}

async function* limited(reader: PartReader, most: number, what: string): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0
  for (let piece = await reader.content(); piece; piece = await reader.content()) {
    size += piece.length
    if (size > most) throw tooLarge(`${what} is larger than ${most} bytes`)
    yield piece
  }
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of source) pieces.push(piece)
  return Buffer.concat(pieces)
}

function tooLarge(detail: string): ProblemError {
  return new ProblemError(413, 'CONTENT_TOO_LARGE', { detail })
}
