// The TCP connections among the packets of a capture.
import { decodeLatin1 } from '@spillway/parser'
import type { Packet } from './packets.ts'
import { Direction } from './reassembly.ts'
import { type Segment, segmentOf } from './segment.ts'

/** Who speaks: the client, which sends requests, or the server. */
export type Side = 'request' | 'response'

/** What happens on one connection, in order. Times are in milliseconds since 1970. */
export interface Listener {
  /** @param bytes are overwritten by the next packet, unless the capture is in memory as a whole. */
  data(side: Side, bytes: Uint8Array, time: number): void
  /** Bytes that the capture does not have; without a number, how many is not known. */
  lost(side: Side, bytes: number | undefined, time: number): void
  /** @param isSaid whether this side has said so (FIN), and not only the capture ends. */
  end(side: Side, time: number, isSaid: boolean): void
  /** One side has broken it off (RST). */
  reset?(side: Side, time: number): void
  /** What a packet says of itself. */
  comment?(text: string): void
  /** Nothing more comes. */
  finish(): void
}

/** A connection: address and port of both. */
export interface Ends {
  readonly client: string
  readonly server: string
}

/** Connections that are followed at a time; the one that has been silent longest makes room. */
const mostConnections = 20_000

/** Puts the connections together to which packets belong, and tells each to a listener of its own. */
export class Connections {
  readonly #open: (ends: Ends, time: number) => Listener
  readonly #flows = new Map<string, Flow>()
  /** Packets that are no TCP, or part of one; and those of which the capture has kept only the beginning. */
  readonly passed: { others: number; cut: number } = { others: 0, cut: 0 }

  /** @param open a connection has begun, and it is known who is the client. */
  constructor(open: (ends: Ends, time: number) => Listener) {
    this.#open = open
  }

  packet({ time, linkType, bytes, isCut, comment }: Packet): void {
    if (isCut) this.passed.cut++
    const segment = segmentOf(linkType, bytes)
    if (segment === null) {
      this.passed.others++
      return
    }
    const { from, to } = segment
    const key = from < to ? from + to : to + from
    let flow = this.#flows.get(key)
    // the same ports, used again
    if (flow !== undefined && segment.isSyn && !segment.isAck && flow.hasData) {
      this.#end(key, flow)
      flow = undefined
    }
    if (flow === undefined) {
      if (segment.isRst) return
      flow = new Flow(this.#open)
      this.#flows.set(key, flow)
      if (this.#flows.size > mostConnections) this.#end(...this.#flows.entries().next().value!)
    }
    flow.segment(segment, time)
    if (comment !== undefined) flow.comment(comment)
    if (flow.isOver) this.#end(key, flow)
  }

  /** The capture is over. */
  finish(): void {
    for (const [key, flow] of this.#flows) this.#end(key, flow)
  }

  #end(key: string, flow: Flow): void {
    flow.finish()
    this.#flows.delete(key)
  }
}

/** One TCP connection. */
class Flow {
  readonly #open: (ends: Ends, time: number) => Listener
  #listener: Listener | undefined
  #time: number = 0
  /** Who sends the requests, as soon as that is known. */
  #client: string | undefined
  readonly #sides: Readonly<Record<Side, Direction>>
  hasData: boolean = false
  isOver: boolean = false

  constructor(open: (ends: Ends, time: number) => Listener) {
    this.#open = open
    const direction = (side: Side): Direction =>
      new Direction({
        data: (bytes) => this.#listener?.data(side, bytes, this.#time),
        lost: (bytes) => this.#listener?.lost(side, bytes, this.#time),
        end: (isSaid) => this.#listener?.end(side, this.#time, isSaid),
      })
    this.#sides = { request: direction('request'), response: direction('response') }
  }

  segment(segment: Segment, time: number): void {
    this.#time = time
    this.hasData ||= segment.payload.length > 0
    this.#client ??= clientOf(segment)
    if (this.#client === undefined) return
    const isRequest = segment.from === this.#client
    this.#listener ??= this.#open(endsOf(segment, isRequest), time)
    const { request, response } = this.#sides
    // an answer shows that what it answers has arrived
    if (segment.isAck) (isRequest ? response : request).acknowledged(segment.acknowledged)
    ;(isRequest ? request : response).segment(segment)
    if (segment.isRst) this.#listener.reset?.(isRequest ? 'request' : 'response', time)
    this.isOver = segment.isRst || (request.isEnded && response.isEnded)
  }

  comment(text: string): void {
    this.#listener?.comment?.(text)
  }

  finish(): void {
    this.#sides.request.end()
    this.#sides.response.end()
    this.#listener?.finish()
  }
}

/** The client of a segment's connection: it sends the first SYN, or requests to the lower port. */
function clientOf({ from, to, fromPort, toPort, isSyn, isAck, payload }: Segment): string | undefined {
  if (isSyn) return isAck ? to : from
  if (payload.length === 0) return undefined
  if (payload.length > 4 && decodeLatin1(payload, 0, 5) === 'HTTP/') return to
  return fromPort < toPort ? to : from
}

function endsOf({ from, to, fromPort, toPort }: Segment, isFromClient: boolean): Ends {
  const [one, other] = [endText(from, fromPort), endText(to, toPort)]
  return isFromClient ? { client: one, server: other } : { client: other, server: one }
}

/** @param bytes of the address, a character for each, in front of what stands for the port. */
function endText(bytes: string, port: number): string {
  const address = Array.from(bytes.slice(0, -1), (char) => char.charCodeAt(0))
  if (address.length === 4) return `${address.join('.')}:${port}`
  const words = Array.from({ length: 8 }, (_, i) => ((address[i * 2]! << 8) | address[i * 2 + 1]!).toString(16))
  // in its normal form (RFC 5952)
  return `${new URL(`http://[${words.join(':')}]`).hostname}:${port}`
}
