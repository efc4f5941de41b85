import { ErrorCode, FrameReader, FrameType, HpackDecoder, PREFACE } from '@spillway/parser/http2'
import { ACK, END_HEADERS, END_STREAM, HAS_PRIORITY, PADDED } from './frame-flags.ts'
import { isHttp2, nameOfError } from './frames.ts'
import { joined } from './messages.ts'
import type { StreamTrace, StreamsTrace, Way, WindowStep } from './stream-trace.ts'

/** Most steps of a window, and most characters of a line, that are kept. */
const [mostSteps, longestLine] = [80, 200]
/** The initial size of every window (RFC 9113 §6.9.2). */
const firstWindow = 65_535
const INITIAL_WINDOW_SIZE = 4

const other = { in: 'out', out: 'in' } as const

/** The frames of one direction. */
class Direction {
  readonly frames: FrameReader = new FrameReader()
  readonly hpack: HpackDecoder = new HpackDecoder()
  /** A field block that continues in another frame. */
  block: Uint8Array[] = []
  /** The header of a DATA frame has arrived, but not all of its content. */
  inData = false
  /** Bytes of the preface that have not arrived. */
  preface = 0
  /** How much may be sent on a new stream in this direction. */
  initial: number = firstWindow
}

/** Follows the frames of one HTTP/2 connection, in both directions, as they arrive. */
class Connection {
  readonly #way = { in: new Direction(), out: new Direction() }
  readonly #streams: Map<number, StreamTrace> = new Map()
  readonly #windows: Record<Way, WindowStep[]>
  readonly #mostStreams: number
  /** Set when nothing can be decoded any more. */
  #isLost = false

  constructor(at: number, mostStreams: number) {
    this.#mostStreams = mostStreams
    this.#way.in.preface = PREFACE.length
    this.#windows = { in: [[at, firstWindow]], out: [[at, firstWindow]] }
  }

  get trace(): StreamsTrace {
    return { streams: [...this.#streams.values()], windows: this.#windows }
  }

  lose(): void {
    this.#isLost = true
  }

  take(way: Way, bytes: Uint8Array, at: number): void {
    if (this.#isLost) return
    const direction = this.#way[way]
    const { frames } = direction
    let p = Math.min(direction.preface, bytes.length)
    direction.preface -= p
    while (p < bytes.length && !this.#isLost) {
      if (!frames.head(bytes, p, bytes.length)) return
      p = frames.pos
      if (frames.type === FrameType.Data) {
        if (!direction.inData) this.#data(way, at)
        frames.part(bytes, p, bytes.length)
        direction.inData = frames.partial
      } else if (frames.payload(bytes, p, bytes.length)) this.#frame(way, at)
      p = frames.pos
    }
  }

  /** The header of a DATA frame has arrived; its content does not matter here. */
  #data(way: Way, at: number): void {
    const { stream: id, length, flags } = this.#way[way].frames
    const stream = this.#streams.get(id)
    step(this.#windows[way], at, -length)
    if (!stream) return
    stream.bytes[way] += length
    step(stream.windows[way], at, -length)
    if (way === 'out' && (flags & END_STREAM) !== 0) stream.closedAt = at
  }

  #frame(way: Way, at: number): void {
    const { type, flags, stream: id, bytes, start, end } = this.#way[way].frames
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start)
    const stream = this.#streams.get(id)
    switch (type) {
      case FrameType.Headers:
      case FrameType.Continuation:
        return this.#fields(way, at)
      case FrameType.WindowUpdate:
        // A WINDOW_UPDATE lets the other side send more.
        if (view.byteLength === 4) {
          const window = id === 0 ? this.#windows[other[way]] : stream?.windows[other[way]]
          if (window) step(window, at, view.getUint32(0) % 2 ** 31)
        }
        return
      case FrameType.RstStream:
        if (stream && view.byteLength === 4) {
          stream.closedAt ??= at
          const error = view.getUint32(0)
          // Resetting with NO_ERROR after a complete response is not an error.
          if (error !== ErrorCode.NoError) stream.reset = nameOfError(error)
        }
        return
      case FrameType.Settings:
        if ((flags & ACK) === 0)
          for (let i = 0; i + 6 <= view.byteLength; i += 6)
            if (view.getUint16(i) === INITIAL_WINDOW_SIZE) this.#resize(other[way], view.getUint32(i + 2), at)
    }
  }

  /** SETTINGS change the windows of all streams (RFC 9113 §6.9.2). */
  #resize(way: Way, to: number, at: number): void {
    const direction = this.#way[way]
    const change = to - direction.initial
    direction.initial = to
    for (const stream of this.#streams.values())
      if (stream.closedAt === undefined) step(stream.windows[way], at, change)
  }

  #fields(way: Way, at: number): void {
    const { hpack, block, frames } = this.#way[way]
    const { type, flags, stream: id, bytes } = frames
    let { start, end } = frames
    if (type === FrameType.Headers && (flags & PADDED) !== 0) end -= bytes[start++] ?? 0
    if (type === FrameType.Headers && (flags & HAS_PRIORITY) !== 0) start += 5
    // A copy, because the chunk's buffer may be reused.
    block.push(bytes.slice(start, Math.max(start, end)))
    if (type === FrameType.Headers && way === 'in' && !this.#streams.has(id)) this.#open(id, at)
    const stream = this.#streams.get(id)
    if (type === FrameType.Headers && way === 'out' && (flags & END_STREAM) !== 0 && stream) stream.closedAt = at
    if ((flags & END_HEADERS) === 0) return
    const whole = joined(block.splice(0))
    if (!hpack.decode(whole, 0, whole.length, 200, 64 * 1024)) this.#isLost = true
    else if (stream) describe(stream, way, hpack, at)
  }

  #open(id: number, at: number): void {
    const { in: received, out: sent } = this.#way
    const windows = { in: [[at, received.initial] as WindowStep], out: [[at, sent.initial] as WindowStep] }
    this.#streams.set(id, { id, openedAt: at, line: '', bytes: { in: 0, out: 0 }, windows })
    if (this.#streams.size <= this.#mostStreams) return
    const [oldest] = this.#streams.keys()
    this.#streams.delete(oldest!)
  }
}

function describe(stream: StreamTrace, way: Way, { fields }: HpackDecoder, at: number): void {
  const valueOf = (wanted: string): string | undefined => fields.find(({ name }) => name === wanted)?.value
  const [method, path, status] = [':method', ':path', ':status'].map(valueOf)
  if (way === 'in' && method !== undefined) stream.line = `${method} ${path ?? ''}`.slice(0, longestLine)
  if (way === 'out' && status !== undefined) {
    stream.status = Number(status)
    // An interim response is not the answer.
    if (stream.status >= 200) stream.repliedAt ??= at
  }
}

/** Changes a window by this many bytes. */
function step(window: WindowStep[], at: number, change: number): void {
  const [lastAt, bytes] = window.at(-1)!
  const next: WindowStep = [at, bytes + change]
  // Changes at the same time count as one step.
  if (lastAt === at && window.length > 1) window[window.length - 1] = next
  else window.push(next)
  if (window.length > mostSteps) window.splice(1, 1)
}

/** The streams of HTTP/2 connections, for as long as the connections are known. */
export class StreamsLog {
  /** By connection; `undefined` for one of another protocol. */
  readonly #connections: Map<number, Connection | undefined> = new Map()
  readonly #mostStreams: number

  /** @param mostStreams kept of a connection: the latest ones. */
  constructor(mostStreams: number = 48) {
    this.#mostStreams = mostStreams
  }

  record(connection: number, way: Way, bytes: Uint8Array, at: number): void {
    if (bytes.length === 0) return
    if (!this.#connections.has(connection)) {
      const isOurs = isHttp2(bytes, way === 'in' ? 'request' : 'response')
      this.#connections.set(connection, isOurs ? new Connection(at, this.#mostStreams) : undefined)
    }
    this.#connections.get(connection)?.take(way, bytes, at)
  }

  /** Bytes were missed: what follows cannot be decoded, and what is known remains. */
  miss(connection: number): void {
    this.#connections.get(connection)?.lose()
  }

  forget(connection: number): void {
    this.#connections.delete(connection)
  }

  /** Undefined for a connection that speaks another protocol, or is not known. */
  read(connection: number): StreamsTrace | undefined {
    return this.#connections.get(connection)?.trace
  }
}
