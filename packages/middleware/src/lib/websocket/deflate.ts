// Messages that are compressed each by itself (RFC 7692).
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Inflate } from '@spillway/parser/websocket'

/** Smaller messages gain little by being compressed. */
const compressedFrom = 1024

/** What `info` makes of the functions of zlib; their types do not know it. */
interface Informed {
  readonly buffer: Buffer
  readonly engine: { readonly bytesWritten: number }
}

/** Messages have no context of others, so nothing is kept between two calls. */
export const inflate: Inflate = (deflated, most, whole) => {
  try {
    const { buffer, engine } = inflateRawSync(deflated, {
      info: true,
      maxOutputLength: most,
      finishFlush: whole ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
      // Room for what it most often becomes, as every piece more costs an allocation.
      chunkSize: Math.max(64, Math.min(64 * 1024, deflated.length * 8, most + 1)),
    }) as unknown as Informed
    return { bytes: buffer, used: engine.bytesWritten }
  } catch (error) {
    return (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE' ? 'MESSAGE_TOO_LARGE' : 'DEFLATE_INVALID'
  }
}

/**
 * A message compressed by itself, without the end that senders leave out (RFC 7692 §7.2.1); undefined when that does not pay.
 * @param windowBits the largest window that was agreed on
 */
export function deflate(content: Uint8Array, windowBits: number): Uint8Array | undefined {
  if (content.length < compressedFrom) return undefined
  // No larger a window than the content needs: most of the cost of a small one is to clear it.
  const bits = Math.max(9, Math.min(windowBits, 32 - Math.clz32(content.length - 1)))
  const packed = deflateRawSync(content, {
    level: 1,
    windowBits: bits,
    memLevel: Math.max(1, bits - 7),
    finishFlush: constants.Z_SYNC_FLUSH,
  })
  return packed.length - 4 < content.length ? packed.subarray(0, -4) : undefined
}
