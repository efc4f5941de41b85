// The messages of a WebSocket among the bytes of a connection: put together from their frames, and inflated.
import { constants, inflateRawSync } from 'node:zlib'
import { CloseCode, FrameEvent, type Inflate, MessageReader, webSocketFailures } from '@spillway/parser/websocket'
import type { Piece, Segment } from '../model/tape.ts'
import { readBytes } from '../model/tokens.ts'
import type { WebSocketMessage } from '../model/web-socket-message.ts'

/** Messages that are told, the latest ones; characters of each; bytes of one, inflated. */
const [mostMessages, longest, mostBytes] = [300, 2000, 4 * 1024 * 1024]

/** What was said behind an upgrade to WebSocket, in the order in which it was complete; nothing for other connections. */
export function webSocketMessages(segments: readonly Segment[]): WebSocketMessage[] {
  return segments.flatMap((segment) => messagesOf(segment)).slice(-mostMessages)
}

function messagesOf({ in: received, out, pieces, at }: Segment): WebSocketMessage[] {
  const [sent, got] = [Buffer.from(out, 'base64'), Buffer.from(received, 'base64')]
  // Most segments are told apart by their first bytes.
  if (!sent.subarray(0, 64 * 1024).includes(' 101 ')) return []
  const answer = readBytes(sent, 'response').messages.find(({ line }) => /^HTTP\/1\.1 101\b/.test(line))
  const head = answer && sent.toString('latin1', answer.from, answer.to)
  if (!head || !/^upgrade:[ \t]*websocket[ \t]*\r$/im.test(head)) return []
  const asked = readBytes(got, 'request', { upgraded: true }).messages.findLast(({ line }) =>
    / HTTP\/1\.\d$/.test(line),
  )
  if (!asked) return []
  return [
    ...read(got.subarray(asked.to), 'client', timesOf(pieces, 'in', asked.to, at)),
    ...read(sent.subarray(answer.to), 'server', timesOf(pieces, 'out', answer.to, at)),
  ].toSorted((a, b) => a.at - b.at)
}

/** When the byte at a place behind the head came or went. */
function timesOf(
  pieces: readonly Piece[],
  way: Piece['direction'],
  head: number,
  first: number,
): (place: number) => number {
  return (place) => {
    let end = -head
    let last = first
    for (const { at, direction, bytes } of pieces) {
      if (direction !== way) continue
      end += bytes
      last = at
      if (end >= place) break
    }
    return last
  }
}

function read(lent: Uint8Array, from: 'client' | 'server', timeOf: (place: number) => number): WebSocketMessage[] {
  const found: WebSocketMessage[] = []
  // It takes the mask off where the bytes are.
  const bytes = Buffer.from(lent)
  const reader = new MessageReader({ from, messageBytes: mostBytes, inflate, inflation: 10_000 })
  const add = (kind: WebSocketMessage['kind'], content: string | Uint8Array): void => {
    const size = typeof content === 'string' ? Buffer.byteLength(content) : content.length
    const shown = typeof content === 'string' ? content : Buffer.from(content.subarray(0, 64)).toString('hex')
    found.push({ from, at: timeOf(reader.pos), kind, bytes: size, shown: shown.slice(0, longest) })
  }
  for (let at = 0; at < bytes.length; at = reader.pos) {
    const event = reader.next(bytes, at, bytes.length)
    const { frames } = reader
    if (event === FrameEvent.NeedMore) break
    if (event === FrameEvent.Error) {
      add('broken', webSocketFailures[reader.error!].message)
      break
    }
    if (event === FrameEvent.Data) add(frames.isText ? 'text' : 'binary', reader.message)
    else if (event === FrameEvent.Close) {
      const code = frames.closeCode === CloseCode.None ? 'without a code' : frames.closeCode
      add('close', `${code} ${Buffer.from(frames.data).toString('utf8', frames.dataStart, frames.dataEnd)}`.trim())
      break
    } else if (event === FrameEvent.Ping || event === FrameEvent.Pong)
      add(event === FrameEvent.Ping ? 'ping' : 'pong', frames.data.slice(frames.dataStart, frames.dataEnd))
  }
  return found
}

const inflate: Inflate = (deflated, most) => {
  try {
    const bytes = inflateRawSync(deflated, { maxOutputLength: most, finishFlush: constants.Z_SYNC_FLUSH })
    return { bytes, used: deflated.length }
  } catch {
    return 'DEFLATE_INVALID'
  }
}
