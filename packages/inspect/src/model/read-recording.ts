import { isCapture } from '../capture/packets.ts'
import { readArchive } from './archived.ts'
import { readCapture } from './captured.ts'
import type { Recording } from './recording.ts'

/**
 * Reads a capture or an HTTP Archive, whichever it is; undefined for anything else.
 *
 * @throws {FormatError} for a capture that is damaged
 */
export function readRecording(bytes: Uint8Array): Recording | undefined {
  return isCapture(bytes) ? readCapture(bytes) : readArchive(new TextDecoder().decode(bytes))
}
