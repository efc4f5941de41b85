// Content codings, with what Node.js has for each.
import type { Transform } from 'node:stream'
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'

/** A content coding that replies can be sent in (RFC 9110 §8.4.1). */
export interface Coding {
  readonly name: 'zstd' | 'br' | 'gzip' | 'deflate'
  /** In this turn: for what is short, where a trip to another thread costs more than it saves. */
  short(bytes: Uint8Array): Uint8Array
  /** In another thread. */
  whole(bytes: Uint8Array): Promise<Uint8Array>
  /** Gives out all it has after each write. */
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
 * Output that may wait inside a stream. One write brings less than that, so a stream never waits for a reader: it is asked
 * for all of its output after each write.
 */
const readableHighWaterMark = 1024 * 1024

/** How hard each coding tries: more takes longer, and comes out shorter. */
export interface CodingLevels {
  /** 1 to 22. Default: 3. */
  readonly zstd?: number
  /** 0 to 11. Default: 4, where brotli is as fast as gzip and still shorter; 11 takes a hundred times as long. */
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

/** A stream may last for hours, one of thousands: a window of 256 KiB in place of 4 MiB costs a few percent. */
const streamWindow = 18

/** Every coding of this Node, the one to prefer first: among what a client likes equally, the fastest for its size. */
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
