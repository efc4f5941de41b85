// Content codings undone (RFC 9110 §8.4).
import { promisify } from 'node:util'
import zlib from 'node:zlib'

/** The most bytes that decoding may produce. */
const most = 4 * 1024 * 1024

// Node 20 does not have it.
const { zstdDecompress } = zlib as { readonly zstdDecompress?: typeof zlib.brotliDecompress }

const decoders: Readonly<Record<string, (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>>> =
  {
    gzip: promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.gunzip),
    'x-gzip': promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.gunzip),
    deflate: promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.inflate),
    br: promisify<Uint8Array, zlib.BrotliOptions, Buffer>(zlib.brotliDecompress),
    ...(zstdDecompress && { zstd: promisify(zstdDecompress) }),
  }

/** Codings of one content that are undone; nobody uses more. */
const mostCodings = 4

/** Removes a content coding. Undefined when it is unknown, the bytes are not in it, or there would be too many. */
export async function decode(coding: string, bytes: Uint8Array): Promise<Uint8Array | undefined> {
  const decoder = Object.hasOwn(decoders, coding) ? decoders[coding] : undefined
  return decoder?.(bytes, { maxOutputLength: most }).catch(() => undefined)
}

/** Removes all content codings, the last one that was applied first (RFC 9110 §8.4). Undefined as for one. */
export async function decodeAll(codings: readonly string[], bytes: Uint8Array): Promise<Uint8Array | undefined> {
  let plain: Uint8Array | undefined = bytes
  for (const coding of codings.toReversed().slice(0, mostCodings)) plain = plain && (await decode(coding, plain))
  return plain
}
