// The messages of a capture or an HTTP Archive, to choose from.
import { readRecording } from '../../src/model/read-recording.ts'
import { exchangesIn } from '../../src/model/streams.ts'
import { fromBase64 } from '../shared/base64.ts'
import type { Sample } from './samples.ts'

/**
 * @returns undefined for anything else.
 * @throws {FormatError} for a capture that is damaged
 */
export function recordedMessages(
  file: Uint8Array,
): { readonly messages: readonly Sample[]; readonly notes: readonly string[] } | undefined {
  const recording = readRecording(file)
  if (!recording) return undefined
  const { state, notes } = recording
  // Connections that are not HTTP have none.
  const messages = state.closed.flatMap(({ id, requests }) =>
    exchangesIn((requests > 0 && recording.wire(id)?.segments) || [], fromBase64).flatMap(
      ({ request, response }): Sample[] => {
        const [method = '', target = ''] = request.line.split(' ')
        const asked = `${method} ${target.split('?', 1)[0]}`
        const status = response?.line.split(' ')[1]
        return [
          { name: asked, side: 'request', bytes: request.bytes },
          ...(response ? [{ name: `${status} for ${asked}`, side: 'response' as const, bytes: response.bytes }] : []),
        ]
      },
    ),
  )
  return { messages, notes }
}
