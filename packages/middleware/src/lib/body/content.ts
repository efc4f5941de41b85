// Content of each kind: which types it has, and how it is read.
import type { Context, MaybePromise } from '@spillway/core'
import { type Rules, amount, list, optional, text, whole } from '@spillway/core/options'
import { ProblemError } from '../http/problem.ts'
import { type BodyKind, type MediaType, requestMediaType } from '../http/media-type.ts'
import { decoderOf, decompress, usualRatio } from './decompress.ts'
import { parseFormData } from './form-data.ts'
import { type FormLimits, parseForm } from './form.ts'
import { type JsonLimits, jsonRules, parseJson } from './json.ts'

/** Options for reading a body. */
export interface ReadOptions extends JsonLimits, FormLimits {
  /** Most bytes, before and after decoding. Default: the server's limit, `limits.bodyBytes`. */
  readonly bodyBytes?: number
  /**
   * How many times larger than the received bytes decoded content may be, once it exceeds both 8 MiB and half of `bodyBytes`: a guard
   * against decompression bombs below a large limit. Infinity: no guard. Default: 200.
   */
  readonly ratio?: number
  /** Further content types that are read as the first kind: `['application/csp-report']`. Default: none. */
  readonly types?: readonly string[]
}

/** How many members are too many depends on the kind of content, so `keys` has no default here. */
export const readRules: Rules<ReadOptions> = {
  bodyBytes: optional(whole()),
  ratio: optional(amount(usualRatio, { from: 1 })),
  types: optional(list(text('', /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/))),
  depth: optional(jsonRules.depth),
  keys: optional(jsonRules.keys),
  reviver: jsonRules.reviver,
}

/** A body that was read, and the bytes it was read from. */
export interface ReadBody {
  readonly value: unknown
  /** With the content coding removed, which is what signatures cover. */
  readonly raw: Uint8Array
}

interface Reader {
  /** The value of `Accept` in a 415 (RFC 9110 §15.5.16). */
  readonly accept: string
  takes(essence: string): boolean
  parse(bytes: Uint8Array, type: MediaType | undefined, options: ReadOptions): MaybePromise<unknown>
}

const readers: Readonly<Record<BodyKind, Reader>> = {
  json: {
    accept: 'application/json',
    takes: (essence) => essence === 'application/json' || /^application\/[^+]+\+json$/.test(essence),
    parse: (bytes, type, options) => {
      expectUtf8(type)
      const { depth, keys, reviver } = options
      return parseJson(bytes, { depth, keys, reviver })
    },
  },
  urlencoded: {
    accept: 'application/x-www-form-urlencoded',
    takes: (essence) => essence === 'application/x-www-form-urlencoded',
    parse: (bytes, type, options) => {
      expectUtf8(type)
      return parseForm(decode(bytes, 'utf-8'), options.keys === undefined ? {} : { keys: options.keys })
    },
  },
  multipart: {
    accept: 'multipart/form-data',
    takes: (essence) => essence === 'multipart/form-data',
    parse: (bytes, type, options) => parseFormData(bytes, type!, options),
  },
  text: {
    accept: 'text/*',
    takes: (essence) => essence.startsWith('text/'),
    parse: (bytes, type) => decode(bytes, type?.parameters.get('charset') ?? 'utf-8'),
  },
  bytes: { accept: '*/*', takes: () => true, parse: (bytes) => bytes },
}

export const bodyKinds: readonly BodyKind[] = /* @__PURE__ */ Object.keys(readers) as BodyKind[]

/**
 * Reads a request's content as the first of `kinds` that accepts its Content-Type. All readers of bodies use this function.
 * @throws ProblemError 415 when none does, or for an unknown coding or charset; 400 when the content is missing or
 * malformed; 413 when it is too large. AbortedError when it is never completed.
 */
export async function readBody(
  c: Context<any, any>,
  kinds: readonly BodyKind[],
  options: ReadOptions = {},
): Promise<ReadBody> {
  const { body } = c
  const type = requestMediaType(c.headers)
  const isFurther = options.types?.some((each) => each.toLowerCase() === type?.essence)
  const all = kinds.map((kind) => readers[kind])
  const reader = isFurther ? all[0] : all.find((each) => accepts(each, type))
  if (!reader) throw body.length === 0 && type === undefined ? missing() : unsupported(kinds, type)
  if (options.bodyBytes !== undefined) body.limit = options.bodyBytes
  const decoder = decoderOf(c)
  const raw = decoder ? await decompress(body, decoder(), body.limit, options.ratio) : await body.bytes()
  return { value: await reader.parse(raw, type ?? undefined, options), raw }
}

/** Content without a type may be anything, so only `bytes` accepts it (RFC 9110 §8.3). */
function accepts(reader: Reader, type: MediaType | null | undefined): boolean {
  return type ? reader.takes(type.essence) : type === undefined && reader === readers.bytes
}

function missing(): ProblemError {
  return new ProblemError(400, 'CONTENT_MISSING', { detail: 'The request has no content' })
}

function unsupported(kinds: readonly BodyKind[], type: MediaType | null | undefined): ProblemError {
  const detail =
    type === null
      ? 'The Content-Type is malformed'
      : type
        ? 'The content has a type that is not supported here'
        : 'The content has no Content-Type'
  const error = new ProblemError(415, 'TYPE_UNSUPPORTED', { detail })
  error.headers.set('Accept', kinds.map((kind) => readers[kind].accept).join(', '))
  return error
}

/** JSON and forms are UTF-8 by definition (RFC 8259 §8.1, URL Standard §5). */
function expectUtf8(type: MediaType | undefined): void {
  const charset = type?.parameters.get('charset')
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) throw unknownCharset()
}

function decode(bytes: Uint8Array, charset: string): string {
  const decoder = decoderFor(charset)
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new ProblemError(400, 'CHARSET_INVALID', { detail: `The content is not in ${decoder.encoding}` }, cause)
  }
}

function decoderFor(charset: string): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(charset, { fatal: true })
  } catch {
    throw unknownCharset()
  }
}

function unknownCharset(): ProblemError {
  return new ProblemError(415, 'CHARSET_UNSUPPORTED', { detail: 'The charset of the content is not supported' })
}
