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

/** 4 is where brotli is as fast as gzip and still shorter; the default, 11, takes a hundred times as long. */
const quality = { [BROTLI_PARAM_QUALITY]: 4 }
/** A stream may last for hours, one of thousands: a window of 256 KiB in place of 4 MiB costs a few percent. */
const brotliStream = { ...quality, [BROTLI_PARAM_LGWIN]: 18 }
const zstd = { [ZSTD_c_compressionLevel]: 3 }
const zstdStream = { ...zstd, [ZSTD_c_windowLog]: 18 }

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

const gzip = /* @__PURE__ */ promisify<Uint8Array, Buffer>(zlib.gzip)
const deflate = /* @__PURE__ */ promisify<Uint8Array, Buffer>(zlib.deflate)
const brotli = /* @__PURE__ */ promisify<Uint8Array, zlib.BrotliOptions, Buffer>(zlib.brotliCompress)

function brotliOptions(bytes: Uint8Array): zlib.BrotliOptions {
  return { params: { ...quality, [BROTLI_PARAM_SIZE_HINT]: bytes.length } }
}

/** Every coding of this Node, the one to prefer first: among what a client likes equally, the fastest for its size. */
export const codings: readonly Coding[] = /* @__PURE__ */ [
  ...(zstdCompress && zstdCompressSync && createZstdCompress
    ? [
        {
          name: 'zstd' as const,
          short: (bytes: Uint8Array) => zstdCompressSync(bytes, { params: zstd }),
          whole: (bytes: Uint8Array) =>
            promisify<Uint8Array, ZstdOptions, Buffer>(zstdCompress)(bytes, { params: zstd }),
          stream: () => createZstdCompress({ params: zstdStream, flush: ZSTD_e_flush, readableHighWaterMark }),
        },
      ]
    : []),
  {
    name: 'br',
    short: (bytes) => zlib.brotliCompressSync(bytes, brotliOptions(bytes)),
    whole: (bytes) => brotli(bytes, brotliOptions(bytes)),
    stream: () => {
      const options = { params: brotliStream, flush: BROTLI_OPERATION_FLUSH, readableHighWaterMark }
      return zlib.createBrotliCompress(options)
    },
  },
  {
    name: 'gzip',
    short: (bytes) => zlib.gzipSync(bytes),
    whole: gzip,
    stream: () => zlib.createGzip(deflateStream()),
  },
  {
    name: 'deflate',
    short: (bytes) => zlib.deflateSync(bytes),
    whole: deflate,
    stream: () => zlib.createDeflate(deflateStream()),
  },
]

function deflateStream(): zlib.ZlibOptions & { readableHighWaterMark: number } {
  return { flush: Z_SYNC_FLUSH, readableHighWaterMark }
}
