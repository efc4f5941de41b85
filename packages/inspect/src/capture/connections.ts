// The TCP connections among the packets of a capture.
import { decodeLatin1 } from '@spillway/parser'
import type { Packet } from './packets.ts'
import { Direction } from './reassembly.ts'
import { type Segment, segmentOf } from './segment.ts'

/** The sender: the client, which sends requests, or the server. */
export type Side = 'request' | 'response'

/** What happens on one connection, in order. Times are in milliseconds since 1970. */
export interface Listener {
  /** @param bytes are overwritten by the next packet, unless the capture is in memory as a whole. */
  data(side: Side, bytes: Uint8Array, time: number): void
  /** Bytes missing from the capture; without a number, it is unknown how many. */
  lost(side: Side, bytes: number | undefined, time: number): void
  /** @param isSaid whether this side has sent a FIN; false when only the capture ends. */
  end(side: Side, time: number, isSaid: boolean): void
  /** One side has reset the connection (RST). */
  reset?(side: Side, time: number): void
  /** A packet's comment. */
  comment?(text: string): void
  /** The connection or the capture is over. */
  finish(): void
}

/** Both endpoints of a connection: address and port. */
export interface Ends {
  readonly client: string
  readonly server: string
}

/** Most connections followed at a time; beyond that, the one silent for longest is dropped. */
const mostConnections = 20_000

/** Assigns packets to connections, and reports each connection to its own listener. */
export class Connections {
  readonly #open: (ends: Ends, time: number) => Listener
  readonly #flows = new Map<string, Flow>()
  /** Packets skipped because they are not TCP, or fragments; and those that the capture has truncated. */
  readonly passed: { others: number; cut: number } = { others: 0, cut: 0 }

  /** @param open called when a connection has begun and its client is known. */
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
    // The same ports, used again.
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

  /** Ends all connections when the capture is over. */
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
  /** Which end is the client, once that is known. */
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
    // An acknowledgement shows that the bytes before it have arrived.
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

/** @param bytes of the address, one character each, followed by one for the port. */
function endText(bytes: string, port: number): string {
  const address = Array.from(bytes.slice(0, -1), (char) => char.charCodeAt(0))
  if (address.length === 4) return `${address.join('.')}:${port}`
  const words = Array.from({ length: 8 }, (_, i) => ((address[i * 2]! << 8) | address[i * 2 + 1]!).toString(16))
  // In canonical form (RFC 5952).
  return `${new URL(`http://[${words.join(':')}]`).hostname}:${port}`
}
