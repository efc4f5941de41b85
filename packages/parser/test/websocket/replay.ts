/*
 * Replays the cases of vectors/websocket/*.json in every way the bytes can come. What inflates is handed in, so that it runs
 * in any runtime.
 */
import { decodeLatin1 } from '../../src/index.ts'
import { FrameEvent, type Inflate, MessageReader, WebSocketReader } from '../../src/websocket.ts'
import { waysToCut } from '../replay.ts'

/** Text of a message, number of its bytes, content of a control frame as latin1, or an error and where. */
type Seen = readonly [kind: string, ...facts: (string | number)[]]

export interface FrameVector {
  readonly id: string
  readonly rfc: string
  readonly what: string
  /** Whose frames they are. Default: a client's. */
  readonly from?: 'client' | 'server'
  readonly deflate?: boolean
  readonly limits?: { readonly messageBytes?: number; readonly messageFrames?: number; readonly inflation?: number }
  /** Hexadecimal; `[bytes, count]` is repeated. */
  readonly bytes: readonly (string | readonly [string, number])[]
  readonly expect: readonly Seen[]
}

export function bytesOf({ bytes }: FrameVector): Uint8Array {
  const hex = bytes.map((part) => (typeof part === 'string' ? part : part[0].repeat(part[1]))).join('')
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16))
}

/** Calls with each way to cut, in a buffer of its own whose neighbours are hostile: what is lent must not be kept. */
export function* pieces(bytes: Uint8Array): Generator<Uint8Array[]> {
  for (const cuts of waysToCut(bytes.length, 10)) {
    let from = 0
    yield cuts.map((to) => bytes.slice(from, (from = to)))
  }
}

type Read = (piece: Uint8Array, seen: Seen[]) => void

function replayWith(vector: FrameVector, makeRead: () => Read): string | null {
  const wanted = JSON.stringify(vector.expect)
  for (const parts of pieces(bytesOf(vector))) {
    const read = makeRead()
    const seen: Seen[] = []
    for (const piece of parts) {
      const buffer = new Uint8Array(piece.length + 20).fill(0x88)
      buffer.set(piece, 7)
      read(buffer, seen)
      buffer.fill(0)
    }
    const is = JSON.stringify(seen)
    if (is !== wanted) return `in ${parts.map((p) => p.length).join(' ')}: ${is.slice(0, 300)}`
  }
  return null
}

const start = 7
const endOf = (buffer: Uint8Array): number => buffer.length - 13

/** Frames: the content of messages is put together here. */
export function replayFrames(vector: FrameVector): string | null {
  return replayWith(vector, () => {
    const { from = 'client', limits } = vector
    const reader = new WebSocketReader({ from, messageBytes: 1 << 20, ...limits })
    let content: Uint8Array[] = []
    return (buffer, seen) => {
      for (let at = start; reader.error === undefined; at = reader.pos) {
        const event = reader.next(buffer, at, endOf(buffer))
        if (event === FrameEvent.NeedMore) return
        if (event === FrameEvent.Data) {
          content.push(reader.data.slice(reader.dataStart, reader.dataEnd))
          if (!reader.final) continue
          const whole = Uint8Array.from(content.flatMap((part) => [...part]))
          content = []
          const isAscii = whole.every((byte) => byte < 0x80)
          if (reader.isAscii !== isAscii) seen.push(['ascii', String(reader.isAscii)])
          seen.push(
            reader.isText
              ? ['text', new TextDecoder('utf-8', { ignoreBOM: true }).decode(whole)]
              : ['binary', whole.length],
          )
        } else seen.push(other(reader, event))
      }
    }
  })
}

function other(reader: WebSocketReader, event: FrameEvent): Seen {
  const content = decodeLatin1(reader.data, reader.dataStart, reader.dataEnd)
  if (event === FrameEvent.Error) return ['error', reader.error!, reader.consumed]
  if (event === FrameEvent.Close) return ['close', reader.closeCode, content]
  return [event === FrameEvent.Ping ? 'ping' : 'pong', content]
}

/** Whole messages. */
export function replayMessages(vector: FrameVector, inflate: Inflate): string | null {
  return replayWith(vector, () => {
    const { from = 'client', limits, deflate } = vector
    const reader = new MessageReader({ from, messageBytes: 1 << 20, ...limits, inflate: deflate ? inflate : undefined })
    return (buffer, seen) => {
      for (let at = start; reader.error === undefined; at = reader.pos) {
        const event = reader.next(buffer, at, endOf(buffer))
        if (event === FrameEvent.NeedMore) return
        if (event === FrameEvent.Data) {
          const { message } = reader
          seen.push(typeof message === 'string' ? ['text', message] : ['binary', message.length])
        } else if (event === FrameEvent.Error && deflate) seen.push(['error', reader.error!])
        else seen.push(other(reader.frames, event))
      }
    }
  })
}
