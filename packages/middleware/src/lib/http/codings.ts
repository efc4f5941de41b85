// Content codings, and Node.js's implementation of each.
import type { Transform } from 'node:stream'
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'

/** A content coding that replies can be sent in (RFC 9110 §8.4.1). */
export interface Coding {
  readonly name: 'zstd' | 'br' | 'gzip' | 'deflate'
  /** Synchronously: for short content, where using another thread would cost more than it saves. */
  short(bytes: Uint8Array): Uint8Array
  /** In a thread of the pool. */
  whole(bytes: Uint8Array): Promise<Uint8Array>
  /** A stream that gives out everything it has after each write. */
  stream(): Transform
}

const {
  BROTLI_OPERATION_FLUSH,
  BROTLI_PARAM_LGWIN,
  BROTLI_PARAM_QUALITY,
  BROTLI_PARAM_SIZE_HINT,
  Z_SYNC_FLUSH,
  ZSTD_c_compressionLevel,
  ZSTD_c_windowLog,
  ZSTD_e_flush,
} = zlib.constants as typeof zlib.constants &
  Record<'ZSTD_c_compressionLevel' | 'ZSTD_c_windowLog' | 'ZSTD_e_flush', number>

/**
 * Bytes of output that may wait inside a stream. One write produces less than that, so a stream never waits for a reader: all of its
 * output is read after each write.
 */
const readableHighWaterMark = 1024 * 1024

/** How hard each coding tries: higher levels take longer and give smaller results. */
export interface CodingLevels {
  /** 1 to 22. Default: 3. */
  readonly zstd?: number
  /** 0 to 11. Default: 4, where brotli is as fast as gzip and still smaller; 11 takes a hundred times as long. */
  readonly br?: number
  /** 0 to 9. Default: 6. */
  readonly gzip?: number
  /** 0 to 9. Default: 6. */
  readonly deflate?: number
}

interface ZstdOptions {
  readonly params: Record<number, number>
  readonly flush?: number
  readonly readableHighWaterMark?: number
}
/** Not in Node before 22.15. */
const { zstdCompress, zstdCompressSync, createZstdCompress } = zlib as {
  zstdCompress?: (
    bytes: Uint8Array,
    options: ZstdOptions,
    callback: (error: Error | null, result: Buffer) => void,
  ) => void
  zstdCompressSync?: (bytes: Uint8Array, options: ZstdOptions) => Buffer
  createZstdCompress?: (options: ZstdOptions) => Transform
}

const gzip = /* @__PURE__ */ promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.gzip)
const deflate = /* @__PURE__ */ promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.deflate)
const brotli = /* @__PURE__ */ promisify<Uint8Array, zlib.BrotliOptions, Buffer>(zlib.brotliCompress)

/** There may be thousands of streams that last for hours: a window of 256 KiB instead of 4 MiB makes them only a few percent larger. */
const streamWindow = 18

/** Every coding that this Node supports, in order of preference: among those a client likes equally, the fastest for its size first. */
export const codings: readonly Coding[] = /* @__PURE__ */ codingsAt()

export function codingsAt(levels: CodingLevels = {}): readonly Coding[] {
  return [
    ...zstdAt(levels.zstd ?? 3),
    brotliAt(levels.br ?? 4),
    gzipAt(levels.gzip ?? 6),
    deflateAt(levels.deflate ?? 6),
  ]
}

function zstdAt(level: number): Coding[] {
  if (!zstdCompress || !zstdCompressSync || !createZstdCompress) return []
  const params = { [ZSTD_c_compressionLevel]: level }
  const streamParams = { ...params, [ZSTD_c_windowLog]: streamWindow }
  return [
    {
      name: 'zstd',
      short: (bytes) => zstdCompressSync(bytes, { params }),
      whole: (bytes) => promisify<Uint8Array, ZstdOptions, Buffer>(zstdCompress)(bytes, { params }),
      stream: () => createZstdCompress({ params: streamParams, flush: ZSTD_e_flush, readableHighWaterMark }),
    },
  ]
}

function brotliAt(level: number): Coding {
  const quality = { [BROTLI_PARAM_QUALITY]: level }
  const optionsFor = (bytes: Uint8Array): zlib.BrotliOptions => ({
    params: { ...quality, [BROTLI_PARAM_SIZE_HINT]: bytes.length },
  })
  const params = { ...quality, [BROTLI_PARAM_LGWIN]: streamWindow }
  return {
    name: 'br',
    short: (bytes) => zlib.brotliCompressSync(bytes, optionsFor(bytes)),
    whole: (bytes) => brotli(bytes, optionsFor(bytes)),
    stream: () => {
      const options = { params, flush: BROTLI_OPERATION_FLUSH, readableHighWaterMark }
      return zlib.createBrotliCompress(options)
    },
  }
}

function gzipAt(level: number): Coding {
  return {
    name: 'gzip',
    short: (bytes) => zlib.gzipSync(bytes, { level }),
    whole: (bytes) => gzip(bytes, { level }),
    stream: () => zlib.createGzip(deflateStream(level)),
  }
}

function deflateAt(level: number): Coding {
  return {
    name: 'deflate',
    short: (bytes) => zlib.deflateSync(bytes, { level }),
    whole: (bytes) => deflate(bytes, { level }),
    stream: () => zlib.createDeflate(deflateStream(level)),
  }
}

function deflateStream(level: number): zlib.ZlibOptions & { readableHighWaterMark: number } {
  return { level, flush: Z_SYNC_FLUSH, readableHighWaterMark }
}
