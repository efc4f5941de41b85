// The connections of a capture (pcap, pcapng), as the page shows those of a live server.
// decision 085
import { decodeLatin1, type ParseError, parseErrors } from '@spillway/parser'
import type { ObservedEvent } from '@spillway/parser/observer'
import { PREFACE } from '@spillway/parser/http2'
import { Connections, type Ends, type Listener, type Side } from '../capture/connections.ts'
import { Observed } from '../capture/observed.ts'
import { WholeSource, packetsOf } from '../capture/packets.ts'
import type { RefusedEvent, WireEvent } from './events.ts'
import { plural } from './format.ts'
import { isHttp2 } from './frames.ts'
import { joined } from './messages.ts'
import { otherProtocol } from './protocols.ts'
import { type EndedBy, reasons } from './reasons.ts'
import { type Recording, leftOut, stateOf } from './recording.ts'
import { StreamsLog } from './streams-log.ts'
import type { Piece, Segment, Wire } from './tape.ts'

/** Most bytes of one exchange that are shown, in each direction. */
const mostShown = 4 * 1024 * 1024
const mostStreams = 1000

/**
 * Reads a capture that is in memory.
 *
 * @throws {FormatError} when it is damaged
 */
export function readCapture(bytes: Uint8Array): Recording {
  const told: Told[] = []
  const events: WireEvent[] = []
  const streams = new StreamsLog(mostStreams)
  let epoch: number | undefined
  const connections = new Connections((ends, time) => {
    const one = new Told(told.length + 1, ends, time - epoch!, { epoch: epoch!, events, streams })
    told.push(one)
    return one
  })
  for (const packet of packetsOf(new WholeSource(bytes))) {
    epoch ??= packet.time
    connections.packet(packet)
  }
  connections.finish()
  const { state, now } = stateOf(events)
  return {
    epoch: epoch ?? 0,
    now,
    state,
    notes: [...leftOut(state), ...notesOf(told, connections.passed)],
    wire: (connection) => told[connection - 1]?.wire(),
  }
}

function notesOf(told: readonly Told[], { others, cut }: Connections['passed']): string[] {
  const count = (test: (one: Told) => boolean): number => told.filter(test).length
  const [encrypted, gaps] = [count(({ isTls }) => isTls), count(({ isMissingSome }) => isMissingSome)]
  const foreign = count((one) => !one.isRead && !one.isTls && one.hasBytes)
  const notes: [number, string][] = [
    [
      encrypted,
      `${plural(encrypted, 'connection')} in TLS: encrypted, so only times and sizes can be seen. A HAR file, saved by the browser, has the messages.`,
    ],
    [foreign, `${plural(foreign, 'connection')} with no HTTP/1.1 or HTTP/2 in the clear.`],
    [
      cut,
      `${plural(cut, 'packet was', 'packets were')} cut by whoever captured them, so bytes are missing: capture whole packets, with “tcpdump -s 0”.`,
    ],
    [
      gaps,
      `${plural(gaps, 'connection')} with bytes that the capture has missed. Where those had a head, a response may stand with the request before its own.`,
    ],
    [others, `${plural(others, 'packet')} without a part of a TCP connection: other protocols, or fragments of IP.`],
  ]
  return notes.filter(([n]) => n > 0).map(([, text]) => text)
}

/** The position of an exchange in the bytes of each direction, and its progress. */
interface Open {
  readonly number: number
  readonly from: { request?: number; response?: number }
  at: number
  status: number
  isOver: boolean
}

/** Bytes of one direction, with their position among all of them and the time they came. */
interface Part {
  readonly from: number
  readonly at: number
  readonly bytes: Uint8Array
}

const ways = { request: 'in', response: 'out' } as const

/** One connection. */
class Told implements Listener {
  readonly #id: number
  readonly #epoch: number
  readonly #events: WireEvent[]
  readonly #streams: StreamsLog
  readonly #observed: Observed = new Observed(
    (event) => this.#event(event),
    (error) => this.#failed(error),
  )
  readonly #parts: Readonly<Record<Side, Part[]>> = { request: [], response: [] }
  readonly #length: Record<Side, number> = { request: 0, response: 0 }
  readonly #exchanges: Map<number, Open> = new Map()
  readonly #said: Side[] = []
  readonly #openedAt: number
  readonly #server: string
  #isFrames: boolean | undefined
  /** Number of exchanges that are not over. */
  #busy = 0
  #at: number
  #side: Side = 'request'
  #error: RefusedEvent | undefined
  #brokenBy: Side | undefined
  /** The reason to close given by the last request or response, if any. */
  #endsBecause: EndedBy | undefined
  #comment = ''
  isMissingSome = false
  isTls = false

  constructor(
    id: number,
    { client, server }: Ends,
    at: number,
    { epoch, events, streams }: { epoch: number; events: WireEvent[]; streams: StreamsLog },
  ) {
    this.#id = id
    this.#openedAt = this.#at = at
    this.#epoch = epoch
    this.#events = events
    this.#streams = streams
    events.push({ type: 'open', at, connection: id, peer: client, role: 'visitor', label: `to ${server}` })
    this.#server = server
  }

  get hasBytes(): boolean {
    return this.#length.request + this.#length.response > 0
  }

  /** Whether HTTP was found on it. */
  get isRead(): boolean {
    return this.#isFrames === true || this.#observed.isHttp
  }

  data(side: Side, bytes: Uint8Array, time: number): void {
    const at = (this.#at = time - this.#epoch)
    if (this.#isFrames === undefined) this.#begin(side, bytes)
    this.#parts[side].push({ from: this.#length[side], at, bytes })
    this.#length[side] += bytes.length
    this.#side = side
    if (this.#isFrames === true) this.#streams.record(this.#id, ways[side], bytes, at)
    else if (!this.isTls) this.#observed.feed(side, bytes)
  }

  lost(side: Side, bytes: number | undefined, time: number): void {
    this.#at = time - this.#epoch
    this.isMissingSome = true
    this.#length[side] += bytes ?? 0
    if (this.#isFrames === true) this.#streams.miss(this.#id)
    else this.#observed.lost(side, bytes)
  }

  end(side: Side, time: number, isSaid: boolean): void {
    if (!isSaid) return
    this.#at = time - this.#epoch
    this.#said.push(side)
    this.#push({ type: 'fin', by: side === 'request' ? 'client' : 'server' })
    if (this.#isFrames !== true && !this.isTls) this.#observed.end(side)
  }

  reset(side: Side, time: number): void {
    this.#at = time - this.#epoch
    this.#brokenBy ??= side
  }

  comment(text: string): void {
    this.#comment = text
  }

  finish(): void {
    if (this.#isFrames === true) this.#tellStreams()
    const isCutShort = this.#brokenBy !== undefined || this.#said.length > 0
    const reason = this.#reason()
    for (const one of this.#exchanges.values()) if (isCutShort && !one.isOver) this.#ended(one, this.#sent(one), 'peer')
    const { request: bytesIn, response: bytesOut } = this.#length
    this.#push({ type: 'close', reason, requests: this.#exchanges.size, bytesIn, bytesOut })
  }

  /** The bytes of the connection, exchange by exchange. */
  wire(): Wire {
    const streams = this.#streams.read(this.#id)
    const notes = { notes: [] }
    if (streams) return { connection: this.#id, segments: [this.#segment(1, {}, {})], ...notes, streams }
    const exchanges = [...this.#exchanges.values()].toSorted((a, b) => a.number - b.number)
    // Bytes between two messages are shown with the earlier one.
    const next = (i: number, side: Side): number | undefined =>
      exchanges.slice(i + 1).find(({ from }) => from[side] !== undefined)?.from[side]
    const segments = exchanges.map(({ number, from }, i) => {
      const range = (side: Side) => ({
        from: i === 0 ? 0 : (from[side] ?? next(i, side) ?? this.#length[side]),
        to: next(i, side),
      })
      return this.#segment(number, range('request'), range('response'))
    })
    return { connection: this.#id, segments: segments.length > 0 ? segments : [this.#segment(1, {}, {})], ...notes }
  }

  /** Determines the protocol from the first bytes of either side. */
  #begin(side: Side, bytes: Uint8Array): void {
    const start = decodeLatin1(bytes, 0, Math.min(bytes.length, PREFACE.length))
    this.#isFrames = side === 'request' ? start.length > 3 && PREFACE.startsWith(start) : isHttp2(bytes, 'response')
    const other = otherProtocol(bytes) ?? ''
    this.isTls = /TLS/.test(other)
    if (this.isTls) this.#push({ type: 'mark', role: 'visitor', label: `TLS, to ${this.#server}` })
  }

  #event(event: ObservedEvent): void {
    const { side } = event
    if (event.type === 'deviation') return this.#refused(event)
    if (event.type !== 'request' && event.type !== 'response' && event.type !== 'end') return
    let one = this.#exchanges.get(event.exchange)
    if (!one) {
      one = { number: this.#exchanges.size + 1, from: {}, at: this.#at, status: 0, isOver: false }
      this.#exchanges.set(event.exchange, one)
      this.#busy++
    }
    const { number: exchange } = one
    if (event.type === 'end') {
      if (side === 'request') return
      this.#ended(one, event.bytes)
      return
    }
    one.from[side] ??= event.at
    const version = `1.${event.head.minorVersion}`
    if (event.type === 'request') {
      const { method, target } = event.head
      one.at = this.#at
      this.#events.push({ type: 'head', at: this.#timeOf(side, event.at), connection: this.#id })
      this.#push({ type: 'request', exchange, method, target, version, bytes: event.headBytes })
      if (!event.keepAlive) this.#endsBecause = version === '1.0' ? 'http-1.0' : 'client-asked'
      return
    }
    const { status } = event.head
    // Interim responses are not the final one.
    if (status < 200 && status !== 101) return
    one.status = status
    if (status === 101) this.#endsBecause = 'upgraded'
    else if (!event.keepAlive) this.#endsBecause ??= 'reply-asked'
    this.#push({ type: 'reply', exchange, status, persist: this.#endsBecause === undefined })
  }

  #ended(one: Open, bytes: number, aborted?: string): void {
    const { number: exchange, from, status, at } = one
    // An interim response does not end the exchange, and a response without a request is not shown.
    if (status === 0 && aborted === undefined) return
    this.#busy--
    one.isOver = true
    if (from.request === undefined) return
    this.#push({ type: 'end', exchange, status, bytes, ms: this.#at - at, ...(aborted !== undefined && { aborted }) })
    if (this.#busy === 0 && this.#endsBecause === undefined) this.#push({ type: 'idle', exchange })
  }

  /** The bytes of a response so far. */
  #sent({ from }: Open): number {
    return from.response === undefined ? 0 : this.#length.response - from.response
  }

  #failed(error: ParseError): void {
    if (this.#observed.isHttp) return this.#refused(error)
    const [part] = this.#parts[this.#side]
    const what = part && otherProtocol(part.bytes)
    this.#refused(
      what === undefined ? error : { code: 'INVALID_METHOD', offset: 0, rfc: 'RFC 9112 §3.1', message: what },
    )
  }

  /** Reports the first byte that a strict parser rejects. */
  #refused({ code, offset, rfc, message }: Pick<ParseError, 'code' | 'offset' | 'rfc' | 'message'>): void {
    // Bytes missing from the capture are not an error of either side.
    if (this.#error || (this.isMissingSome && code !== 'INVALID_METHOD')) return
    const { status } = parseErrors[code]
    const said = this.#side === 'response' ? `In a response: ${message}` : message
    this.#error = { type: 'refused', at: this.#at, connection: this.#id, code, offset, status, message: said, rfc }
    this.#events.push(this.#error)
  }

  /** Reports the exchanges of HTTP/2, as far as their fields could be decoded. */
  #tellStreams(): void {
    for (const [i, one] of (this.#streams.read(this.#id)?.streams ?? []).entries()) {
      const { openedAt, repliedAt, closedAt, line, status = 0, reset, bytes } = one
      const [method = '', target = ''] = line.split(' ')
      const of = { connection: this.#id, exchange: i + 1 }
      this.#events.push({ type: 'request', ...of, at: openedAt, method, target, version: '2.0', bytes: 0 })
      if (repliedAt !== undefined) this.#events.push({ type: 'reply', ...of, at: repliedAt, status, persist: true })
      const ended = { ...of, at: closedAt ?? 0, status, bytes: bytes.out, ms: (closedAt ?? 0) - openedAt }
      if (closedAt !== undefined)
        this.#events.push({ type: 'end', ...ended, ...(reset !== undefined && { aborted: 'peer' }) })
    }
  }

  /** Why the connection ended, as far as the capture shows. */
  #reason(): EndedBy {
    // The inspector writes the reason into its own captures.
    const told = /^([\w.-]+): /.exec(this.#comment)?.[1] ?? ''
    if (Object.hasOwn(reasons, told)) return told as EndedBy
    if (this.#brokenBy !== undefined) return this.#brokenBy === 'request' ? 'client-reset' : 'server-reset'
    const [first] = this.#said
    if (first === undefined) return 'not-recorded'
    if (first === 'request') return this.#busy > 0 ? 'client-gone' : 'client-closed'
    return this.#endsBecause ?? 'server-closed'
  }

  #segment(first: number, received: Range, sent: Range): Segment {
    const [asked, answered] = [this.#bytes('request', received), this.#bytes('response', sent)]
    const pieces = [...asked.pieces, ...answered.pieces].toSorted((a, b) => a.at - b.at)
    return {
      at: pieces[0]?.at ?? this.#openedAt,
      first,
      in: btoa(decodeLatin1(asked.kept, 0, asked.kept.length)),
      out: btoa(decodeLatin1(answered.kept, 0, answered.kept.length)),
      total: { in: asked.total, out: answered.total },
      pieces,
    }
  }

  /** The available bytes of a range in one direction, up to the first missing one, and when they came. */
  #bytes(
    side: Side,
    { from = 0, to = this.#length[side] }: Range,
  ): { kept: Uint8Array; total: number; pieces: Piece[] } {
    const kept: Uint8Array[] = []
    const pieces: Piece[] = []
    let end = from
    for (const part of this.#parts[side]) {
      const bytes = part.bytes.subarray(Math.max(0, from - part.from), Math.max(0, to - part.from))
      if (bytes.length === 0) continue
      pieces.push({ at: part.at, direction: ways[side], bytes: bytes.length })
      if (Math.max(part.from, from) !== end || end - from >= mostShown) continue
      kept.push(bytes)
      end += bytes.length
    }
    return { kept: joined(kept), total: to - from, pieces }
  }

  #timeOf(side: Side, place: number): number {
    return this.#parts[side].findLast(({ from }) => from <= place)?.at ?? this.#at
  }

  #push(event: Said<WireEvent>): void {
    this.#events.push({ at: this.#at, connection: this.#id, ...event })
  }
}

interface Range {
  readonly from?: number
  readonly to?: number | undefined
}

/** An event without the properties that all events have. */
type Said<Event> = Event extends WireEvent ? Omit<Event, 'at' | 'connection'> : never
