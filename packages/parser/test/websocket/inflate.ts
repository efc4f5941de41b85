import { constants, inflateRawSync } from 'node:zlib'
import type { Inflate } from '../../src/websocket.ts'

/** Inflates with Node's zlib. */
export const inflate: Inflate = (deflated, most, whole) => {
  try {
    const { buffer, engine } = inflateRawSync(deflated, {
      info: true,
      maxOutputLength: most,
      finishFlush: whole ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    }) as unknown as { buffer: Uint8Array; engine: { bytesWritten: number } }
    return { bytes: buffer, used: engine.bytesWritten }
  } catch (error) {
    return (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE' ? 'MESSAGE_TOO_LARGE' : 'DEFLATE_INVALID'
  }
}
