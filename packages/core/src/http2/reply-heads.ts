// The written heads of replies on one HTTP/2 connection.
import { type Http2Machine, type Http2Stream, parsePriority } from '@spillway/parser/http2'
import type { Clock } from '../server/clock.ts'
import type { Reply } from '../exchange/reply.ts'

/** Fields about an HTTP/1.1 connection, which have no meaning here (RFC 9113 §8.2.2), and the one that core writes. */
const dropped: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** Characters of content text that are remembered together with the head before it. */
const rememberedText = 256
/** How many heads are remembered for a connection: enough for a page with all its resources. A power of two. */
const places = 64
/** Longest block that is remembered, in bytes. */
const rememberedBlock = 1024

/** A head that was written before, on this connection. */
interface WrittenHead {
  status: number
  /** Content-Length, -1 for none. */
  length: number
  /** The fields from which it was made: a list that cannot change. */
  flat: readonly string[] | null
  dateLine: string
  /** The generation of the table when it was written: after a change of the table it would mean something else. */
  generation: number
  block: Uint8Array
  /** The text that followed it last, and its bytes. */
  text: string
  content: Uint8Array
}

const nothing = new Uint8Array(0)

/** The heads of the replies on one connection. Repeated ones are found, and sent again as they were. */
export class ReplyHeads {
  readonly #machine: Http2Machine
  readonly #clock: Clock
  readonly #written: Map<number, WrittenHead> = new Map()

  constructor(machine: Http2Machine, clock: Clock) {
    this.#machine = machine
    this.#clock = clock
  }

  /** Head and text of a reply, if both were sent before. */
  recall(status: number, text: string, flat: readonly string[]): WrittenHead | undefined {
    const head = this.#written.get((status ^ text.length) & (places - 1))
    if (head === undefined || head.status !== status || head.flat !== flat || head.text !== text) return undefined
    return head.length === head.content.length && this.#isValid(head) ? head : undefined
  }

  /** Writes the head of a reply. @param length Content-Length, -1 for none. @param ends whether nothing follows it. */
  write(stream: Http2Stream, reply: Reply, length: number, ends: boolean): void {
    const { flat } = reply
    // HTTP/2 has no 101: its meaning is expressed by a 200 to CONNECT (RFC 9113 §8.6, RFC 8441 §5).
    const status = reply.status === 101 ? 200 : reply.status
    const place = (status ^ length) & (places - 1)
    const known = this.#written.get(place)
    if (known?.status === status && known.flat === flat && known.length === length && this.#isValid(known)) {
      if (known.text === '' && typeof reply.body === 'string') this.#rememberText(known, reply.body)
      return this.#machine.knownHead(stream, known.block, ends)
    }
    const { out, encoder } = this.#machine
    const before = encoder.generation
    const at = this.#machine.beginHead()
    const start = out.length
    this.#fields(stream, status, flat, length)
    // A list owned by the handler may change while remaining the same object.
    const isShared = reply.headers.isShared && encoder.generation === before && out.length - start <= rememberedBlock
    if (isShared) this.#remember(place, status, reply, length, out.bytes.slice(start, out.length))
    this.#machine.endHead(stream, at, ends)
  }

  #isValid(head: WrittenHead): boolean {
    return head.generation === this.#machine.encoder.generation && head.dateLine === this.#clock.dateLine
  }

  #remember(place: number, status: number, { flat, body }: Reply, length: number, block: Uint8Array): void {
    const { dateLine } = this.#clock
    const { generation } = this.#machine.encoder
    const head = { status, length, flat, dateLine, generation, block, text: '', content: nothing }
    if (typeof body === 'string') this.#rememberText(head, body)
    this.#written.set(place, head)
  }

  #rememberText(head: WrittenHead, text: string): void {
    if (text.length > rememberedText) return
    head.text = text
    head.content = Buffer.from(text)
  }

  #fields(stream: Http2Stream, status: number, flat: readonly string[], length: number): void {
    const { out, encoder, order } = this.#machine
    encoder.field(out, ':status', String(status))
    let hasDate = false
    for (let i = 0; i < flat.length; i += 3) {
      const name = flat[i]!.toLowerCase()
      if (dropped.has(name)) continue
      const value = flat[i + 1]!
      if (name === 'date') hasDate = true
      // What the handler says about the priority also applies to us (RFC 9218 §8).
      if (name === 'priority') order.move(stream, parsePriority(value, stream.priority))
      encoder.field(out, name, value)
    }
    if (length >= 0) encoder.field(out, 'content-length', String(length))
    if (!hasDate) encoder.field(out, 'date', this.#clock.dateLine.slice(6, -2))
  }
}

/** Fields in HTTP/2's form: names in lower case, without those that are not allowed there. */
export function* fieldsOf(fields: Iterable<readonly [string, string]>): Generator<readonly [string, string]> {
  for (const [given, value] of fields) {
    const name = given.toLowerCase()
    if (!dropped.has(name)) yield [name, value]
  }
}
