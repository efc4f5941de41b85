import { type TLSSocket, connect } from 'node:tls'
import { until } from '../support.ts'

/** Frame types and flags of RFC 9113 §6. */
export const Type = { Data: 0, Headers: 1, Settings: 4, Ping: 6, GoAway: 7 } as const
export const Flag = { EndStream: 1, EndHeaders: 4 } as const

/** One frame as it is on the wire (RFC 9113 §4.1). */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** A field block of literals that are never indexed, so that none depends on another (RFC 7541 §6.2.3). */
export function fields(...pairs: readonly (readonly [name: string, value: string])[]): Buffer {
  const parts = pairs.flatMap(([name, value]) => [
    Buffer.from([0x10]),
    ...[name, value].map((text) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')])),
  ])
  return Buffer.concat(parts)
}

/** The fields that every request has. */
export function requestFields(method: string, path: string): [name: string, value: string][] {
  return [
    [':method', method],
    [':scheme', 'https'],
    [':path', path],
    [':authority', 'localhost'],
  ]
}

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** A client that speaks HTTP/2 frame by frame. */
export interface FrameClient {
  readonly socket: TLSSocket
  /** The types of the frames that came, in order. */
  readonly seen: number[]
  /** Resolves when the server has ended its side, or all of it. */
  readonly ended: Promise<void>
  send(...frames: readonly Uint8Array[]): void
}

/** Connects, and says what begins a connection (RFC 9113 §3.4). */
export async function frameClient(url: string): Promise<FrameClient> {
  const socket = connect({
    host: '127.0.0.1',
    port: Number(new URL(url).port),
    ALPNProtocols: ['h2'],
    rejectUnauthorized: false,
  })
  const seen: number[] = []
  let rest = Buffer.alloc(0)
  let isOver = false
  socket.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk])
    for (
      ;
      rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3);
      rest = rest.subarray(9 + rest.readUIntBE(0, 3))
    )
      seen.push(rest[3]!)
  })
  socket.on('error', () => {})
  const ended = new Promise<void>((resolve) => {
    socket.once('end', resolve)
    socket.once('close', resolve)
  })
  void ended.then(() => (isOver = true))
  socket.write(Buffer.concat([preface, frame(Type.Settings, 0, 0)]))
  await until(() => seen.includes(Type.Settings) || isOver)
  return { socket, seen, ended, send: (...frames) => void socket.write(Buffer.concat(frames)) }
}
