// Bytes of connections as segments of TCP in packets of IP, for a capture. Heads are made up: what was recorded is what they carried.
import type { Piece, Segment } from '../model/tape.ts'

/** An address and a port. */
export interface End {
  /** 4 bytes or 16. */
  readonly address: Uint8Array
  readonly port: number
}

/** Flags of TCP (RFC 9293 §3.1). */
const [FIN, SYN, RST, PSH, ACK] = [1, 2, 4, 8, 16]
/** Bytes of a segment: what goes into a packet of IPv4 whose length has 16 bits. */
const mostContent = 32 * 1024
/** How far numbers jump where it is not known how much was missed. */
const unknownGap = 65_536

/** A packet of IP, and what is said of it. */
export interface Packet {
  /** Milliseconds on the server's clock. */
  readonly at: number
  readonly bytes: Uint8Array
  readonly comment?: string
}

/** What is known of one connection. */
export interface Conversation {
  readonly client: End
  readonly server: End
  /** When each thing happened, on the server's clock; missing where it did not, or nobody has heard of it. */
  readonly openedAt: number
  readonly fin: { readonly client?: number; readonly server?: number }
  readonly close?: { readonly at: number; readonly isReset: boolean; readonly comment: string }
  readonly segments: readonly Segment[]
}

/** Something that is to be sent in its turn. */
interface Step {
  readonly at: number
  readonly send: () => void
}

/** One connection as packets, in order. */
export class Conversing {
  readonly #ends: Readonly<Record<'in' | 'out', End>>
  /** The next number of each direction (RFC 9293 §3.4). */
  readonly #next = { in: 1000, out: 1000 }
  readonly #packets: Packet[] = []
  #comment: string | undefined

  constructor({ client, server }: Pick<Conversation, 'client' | 'server'>) {
    this.#ends = { in: client, out: server }
  }

  packets({ openedAt, segments, fin, close }: Conversation): Packet[] {
    this.#send('in', openedAt, SYN)
    this.#send('out', openedAt, SYN | ACK)
    this.#send('in', openedAt, ACK)
    // In the order in which it happened, as each segment acknowledges what came before it.
    const steps = segments.flatMap((segment) => this.#segment(segment))
    const ends = (['in', 'out'] as const)
      .flatMap((way) => {
        const at = way === 'in' ? fin.client : fin.server
        return at === undefined ? [] : [{ way, at }]
      })
      .toSorted((a, b) => a.at - b.at)
    // What ends at once, by whichever side, ends with a reset.
    const isOver = close !== undefined && !close.isReset && ends.length === 2
    for (const [i, { way, at }] of ends.entries())
      steps.push({
        at,
        send: () => {
          // Why is said by the packet with which it ends: what follows is no news to most readers.
          if (isOver && i === 1) this.#comment = close.comment
          this.#send(way, at, FIN | ACK)
        },
      })
    for (const { send } of steps.toSorted((a, b) => a.at - b.at)) send()
    if (isOver) this.#send(ends[0]!.way, close.at, ACK)
    else if (close) {
      this.#comment = close.comment
      this.#send(close.isReset ? 'in' : 'out', close.at, RST | ACK)
    }
    return this.#packets
  }

  #segment({ in: received, out, total, pieces, gap, at: from }: Segment): Step[] {
    const bytes = { in: Buffer.from(received, 'base64'), out: Buffer.from(out, 'base64') }
    const done = { in: 0, out: 0 }
    const steps: Step[] = []
    const take = (way: Piece['direction'], at: number, size: number): void => {
      for (const end = done[way] + size; done[way] < end;) {
        const content = bytes[way].subarray(done[way], Math.min(end, done[way] + mostContent))
        // What was not kept is missing, and its numbers are.
        const missing = content.length === 0 ? end - done[way] : 0
        steps.push({
          at,
          send: () => (missing > 0 ? this.#skip(way, missing) : this.#send(way, at, PSH | ACK, content)),
        })
        done[way] += content.length + missing
      }
    }
    for (const { at, direction, bytes: size } of pieces) take(direction, at, size)
    const last = pieces.at(-1)?.at ?? from
    for (const way of ['in', 'out'] as const) take(way, last, total[way] - done[way])
    if (gap) steps.push({ at: last, send: () => this.#lose() })
    return steps
  }

  #skip(way: 'in' | 'out', missing: number): void {
    this.#next[way] += missing
    this.#comment ??= `${missing} bytes before this were not kept`
  }

  #lose(): void {
    for (const way of ['in', 'out'] as const) this.#next[way] += unknownGap
    this.#comment = 'Before this, nobody knows how much was not recorded'
  }

  #send(way: 'in' | 'out', at: number, flags: number, content: Uint8Array = new Uint8Array(0)): void {
    const other = way === 'in' ? 'out' : 'in'
    const isFirst = flags === SYN
    const segment = tcp(this.#ends[way].port, this.#ends[other].port, {
      sequence: this.#next[way],
      acknowledged: isFirst ? 0 : this.#next[other],
      flags,
      content,
    })
    this.#next[way] += content.length + ((flags & (SYN | FIN)) === 0 ? 0 : 1)
    const bytes = ip(this.#ends[way].address, this.#ends[other].address, segment)
    this.#packets.push({ at, bytes, ...(this.#comment !== undefined && { comment: this.#comment }) })
    this.#comment = undefined
  }
}

/** A segment without its checksum (RFC 9293 §3.1). */
function tcp(
  from: number,
  to: number,
  about: { sequence: number; acknowledged: number; flags: number; content: Uint8Array },
): Uint8Array {
  const bytes = new Uint8Array(20 + about.content.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, from)
  view.setUint16(2, to)
  view.setUint32(4, about.sequence)
  view.setUint32(8, about.acknowledged)
  view.setUint16(12, (5 << 12) | about.flags)
  view.setUint16(14, 65_535)
  bytes.set(about.content, 20)
  return bytes
}

/** A packet of IPv4 (RFC 791 §3.1) or IPv6 (RFC 8200 §3), as the addresses are; the segment gets its checksum. */
function ip(from: Uint8Array, to: Uint8Array, segment: Uint8Array): Uint8Array {
  const isLong = from.length === 16
  const pseudo = new Uint8Array(from.length * 2 + 4)
  pseudo.set(from)
  pseudo.set(to, from.length)
  pseudo.set([0, 6, segment.length >> 8, segment.length & 255], from.length * 2)
  new DataView(segment.buffer).setUint16(16, checksum(pseudo, segment))
  const head = new Uint8Array(isLong ? 40 : 20)
  const view = new DataView(head.buffer)
  if (isLong) {
    head.set([0x60, 0, 0, 0, segment.length >> 8, segment.length & 255, 6, 64])
    head.set(from, 8)
    head.set(to, 24)
  } else {
    head.set([0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6])
    view.setUint16(2, head.length + segment.length)
    head.set(from, 12)
    head.set(to, 16)
    view.setUint16(10, checksum(head))
  }
  return Buffer.concat([head, segment])
}

/** The sum of 16-bit words in ones' complement (RFC 1071); of parts, all but the last have to be even. */
function checksum(...parts: readonly Uint8Array[]): number {
  let sum = 0
  for (const part of parts) for (let i = 0; i < part.length; i += 2) sum += (part[i]! << 8) | (part[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000)
  return ~sum & 0xffff
}
