// Content that arrives compressed (RFC 9110 §8.4).
import type { Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import type { Context } from '@spillway/core'
import { ProblemError } from '../http/problem.ts'

/** Not in Node before 22.15. */
const { createZstdDecompress, zstdDecompressSync } = zlib as {
  createZstdDecompress?: () => Transform
  zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array
}

const decoders: ReadonlyMap<string, () => Transform> = /* @__PURE__ */ new Map<string, () => Transform>([
  ['gzip', () => zlib.createGunzip()],
  ['x-gzip', () => zlib.createGunzip()],
  ['deflate', () => zlib.createInflate()],
  ['br', () => zlib.createBrotliDecompress()],
  ...(createZstdDecompress && seesTheEnd() ? ([['zstd', createZstdDecompress]] as const) : []),
])

/** Whether truncated zstd content is an error: on Node.js 22 it is not, and a part of the content would pass for all of it. */
function seesTheEnd(): boolean {
  try {
    // The first bytes of any zstd frame (RFC 8878 §3.1.1).
    zstdDecompressSync!(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd))
    return false
  } catch {
    return true
  }
}

/** Content codings that a request may use, for `Accept-Encoding` in a 415 (RFC 9110 §12.5.3). */
const acceptable: string = /* @__PURE__ */ [...decoders.keys()].filter((name) => name !== 'x-gzip').join(', ')

/** The best ratio that ordinary data compresses to; a bomb reaches several times that. */
export const usualRatio = 200
/**
 * The ratio is checked only beyond half of the limit, so that honest zeros and telemetry far below it pass, and never below the first
 * number, where the limit alone is protection enough. The second number is used where there is no limit.
 */
const [fewest, unlimited] = [8 * 1024 * 1024, 64 * 1024 * 1024]

/**
 * Finds the decoder for a request's Content-Encoding (RFC 9110 §8.4).
 * @returns undefined when the content is not encoded.
 * @throws ProblemError 415 for an unknown coding, and for more than one: each would multiply the ratio of the last.
 */
export function decoderOf(c: Context<any, any>): (() => Transform) | undefined {
  const coding = c.headers.get('content-encoding')?.toLowerCase()
  if (coding === undefined || coding === '' || coding === 'identity') return undefined
  const decoder = decoders.get(coding)
  if (decoder) return decoder
  const error = new ProblemError(415, 'CONTENT_CODING_UNSUPPORTED', {
    detail: coding.includes(',')
      ? 'The content has more than one content coding'
      : 'The content coding is not supported',
  })
  error.headers.set('Accept-Encoding', acceptable)
  throw error
}

/**
 * The whole decoded content. Stops as soon as it is larger than `limit`, or more than `ratio` times as large as what came, without
 * waiting for the rest of the content. Anything after the end of the compressed data is an error, because another
 * reader might see what is ignored here.
 * @throws ProblemError 413 for content that is too large, 400 when it does not match its coding; and whatever reading the body throws.
 */
export function decompress(
  body: AsyncIterable<Uint8Array>,
  decoder: Transform,
  limit: number,
  ratio: number = usualRatio,
): Promise<Buffer> {
  const ratioFrom = limit === Infinity ? unlimited : Math.max(fewest, limit / 2)
  const chunks: Uint8Array[] = []
  let received = 0
  let size = 0
  return new Promise((resolve, reject) => {
    const ended = new Promise<void>((end) => decoder.on('end', end))
    const fail = (error: unknown): void => {
      decoder.destroy()
      reject(isCodingError(error) ? invalid(error) : error)
    }
    const feed = async (): Promise<void> => {
      for await (const chunk of body) {
        received += chunk.length
        // The callback is also called for errors, which the 'error' event reports.
        await new Promise<void>((written) => decoder.write(chunk, () => written()))
        if (decoder.destroyed) return
      }
      decoder.end()
      await ended
      if ((decoder as zlib.Gunzip).bytesWritten < received) throw invalid('There is something after the coded content')
      resolve(Buffer.concat(chunks, size))
    }
    decoder.on('data', (chunk: Uint8Array) => {
      size += chunk.length
      chunks.push(chunk)
      if (size > limit) fail(tooLarge(`The decoded content is larger than ${limit} bytes`))
      else if (size > Math.max(ratioFrom, received * ratio)) fail(tooLarge('The content is compressed too well'))
    })
    decoder.on('error', fail)
    feed().catch(fail)
  })
}

function invalid(cause: unknown): ProblemError {
  return new ProblemError(
    400,
    'CONTENT_CODING_INVALID',
    { detail: 'The content is not what its Content-Encoding says' },
    cause,
  )
}

function tooLarge(detail: string): ProblemError {
  return new ProblemError(413, 'CONTENT_TOO_LARGE', { detail })
}

/** zlib names its errors by the failing step: `Z_DATA_ERROR`, `ERR__ERROR_FORMAT_PADDING_1`, `ZSTD_error_…`. */
function isCodingError(error: unknown): boolean {
  return /^(?:Z_|ERR__|ZSTD_)/.test((error as { code?: string }).code ?? '')
}
