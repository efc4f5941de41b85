import { packetsOf } from './capture.ts'
import { Collector } from './collector.ts'
import { Direction } from './reassembly.ts'
import { segmentOf, type Segment } from './segment.ts'
import type { Source } from './source.ts'
import type { Unnumbered } from './transaction.ts'

/** Connections that are followed at a time; the one that has been silent longest makes room. */
const MOST_CONNECTIONS = 20_000

/** The transactions of a capture, each as soon as its answer is complete. */
export function* readCapture(source: Source, keep: number): Generator<Unnumbered> {
  const done: Unnumbered[] = []
  const flows = new Map<string, Flow>()
  for (const { time, linkType, bytes } of packetsOf(source)) {
    const segment = segmentOf(linkType, bytes)
    if (segment === null) continue
    const { from, to } = segment
    const key = from < to ? from + to : to + from
    let flow = flows.get(key)
    // the same ports, used again
    if (flow !== undefined && segment.isSyn && !segment.isAck && flow.hasData) {
      flow.finish()
      flow = undefined
      flows.delete(key)
    }
    if (flow === undefined) {
      if (segment.isRst) continue
      flow = new Flow((one) => done.push(one), keep)
      flows.set(key, flow)
      if (flows.size > MOST_CONNECTIONS) {
        const [oldest, silent] = flows.entries().next().value!
        silent.finish()
        flows.delete(oldest)
      }
    }
    flow.segment(segment, time)
    if (flow.isOver) {
      flow.finish()
      flows.delete(key)
    }
    if (done.length > 0) yield* done.splice(0)
  }
  for (const flow of flows.values()) flow.finish()
  yield* done
}

/** One TCP connection. */
class Flow {
  readonly #collector: Collector
  #time: number = 0
  /** Who has sent requests, as soon as that is known. */
  #client: string | undefined
  readonly #sides: Readonly<Record<'request' | 'response', Direction>>
  hasData: boolean = false
  isOver: boolean = false

  constructor(done: (one: Unnumbered) => void, keep: number) {
    this.#collector = new Collector(done, keep)
    const direction = (side: 'request' | 'response'): Direction =>
      new Direction({
        data: (bytes) => this.#collector.feed(side, bytes, this.#time),
        lost: (bytes) => this.#collector.lost(side, bytes, this.#time),
        end: () => this.#collector.end(side, this.#time),
      })
    this.#sides = { request: direction('request'), response: direction('response') }
  }

  segment(segment: Segment, time: number): void {
    this.#time = time
    this.hasData ||= segment.payload.length > 0
    this.#client ??= clientOf(segment)
    if (this.#client === undefined) return
    const isRequest = segment.from === this.#client
    const { request, response } = this.#sides
    // an answer shows that what it answers has arrived
    if (segment.isAck) (isRequest ? response : request).acknowledged(segment.acknowledged)
    ;(isRequest ? request : response).segment(segment)
    this.isOver = segment.isRst || (request.isEnded && response.isEnded)
  }

  finish(): void {
    this.#sides.request.end()
    this.#sides.response.end()
    this.#collector.finish()
  }
}

/** The client of a segment's connection: it sends the first SYN, or requests to the lower port. */
function clientOf({ from, to, fromPort, toPort, isSyn, isAck, payload }: Segment): string | undefined {
  if (isSyn) return isAck ? to : from
  if (payload.length === 0) return undefined
  if (payload.length > 4 && payload.toString('latin1', 0, 5) === 'HTTP/') return to
  return fromPort < toPort ? to : from
}
