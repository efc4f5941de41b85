// Messages that are each compressed on their own (RFC 7692).
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Inflate } from '@spillway/parser/websocket'

/** Smaller messages gain little by being compressed. */
const compressedFrom = 1024

/** The result of zlib's functions with the option `info`, which is missing from their types. */
interface Informed {
  readonly buffer: Buffer
  readonly engine: { readonly bytesWritten: number }
}

// decision 041
/** Messages do not share a context, so nothing is kept between two calls. */
export const inflate: Inflate = (deflated, most, whole) => {
  try {
    const { buffer, engine } = inflateRawSync(deflated, {
      info: true,
      maxOutputLength: most,
      finishFlush: whole ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
      // Room for the usual result, because every further piece costs an allocation.
      chunkSize: Math.max(64, Math.min(64 * 1024, deflated.length * 8, most + 1)),
    }) as unknown as Informed
    return { bytes: buffer, used: engine.bytesWritten }
  } catch (error) {
    return (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE' ? 'MESSAGE_TOO_LARGE' : 'DEFLATE_INVALID'
  }
}

/**
 * Compresses a single message, leaving out the end that senders omit (RFC 7692 §7.2.1); undefined when that does not make it smaller.
 * @param windowBits the largest window that was agreed on
 */
export function deflate(content: Uint8Array, windowBits: number): Uint8Array | undefined {
  if (content.length < compressedFrom) return undefined
  // No larger a window than the content needs, because most of the cost for a small message is clearing it.
  const bits = Math.max(9, Math.min(windowBits, 32 - Math.clz32(content.length - 1)))
  const packed = deflateRawSync(content, {
    level: 1,
    windowBits: bits,
    memLevel: Math.max(1, bits - 7),
    finishFlush: constants.Z_SYNC_FLUSH,
  })
  return packed.length - 4 < content.length ? packed.subarray(0, -4) : undefined
}
