// What was recorded as a capture, for Wireshark and its like (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-03.html).
import type { Connection } from '../model/events.ts'
import { reasons } from '../model/reasons.ts'
import type { Recorder } from '../record/recorder.ts'
import { type Conversation, Conversing, type End, type Packet } from './packets.ts'

/** Packets that begin with IPv4 or IPv6 (LINKTYPE_RAW). */
const linkType = 101
const note =
  'Recorded within the server by @spillway/inspect, after TLS: contents and times are what they were, heads of TCP and IP are made up.'

/** The connections that were recorded, as segments of TCP; each says in a comment why it ended. */
export function toPcapng(recorder: Recorder): Uint8Array {
  const { closed, open } = recorder.state
  const server = recorder.latest?.url ?? ''
  const packets = [...closed, ...open.values()]
    .filter(({ role }) => role !== 'viewer')
    .flatMap((connection) => packetsOf(connection, server, recorder))
    .toSorted((a, b) => a.at - b.at)
  return Buffer.concat([
    sectionHeader(),
    block(1, numbers([linkType, 2], [0, 2], [0, 4])),
    ...packets.map((packet) => packetBlock(packet, recorder.epoch)),
  ])
}

function packetsOf(connection: Connection, url: string, recorder: Recorder): Packet[] {
  const { id, peer, openedAt, fin = {}, close } = connection
  const client = endOf(peer) ?? { address: Uint8Array.of(127, 0, 0, 1), port: 1024 + (id % 60_000) }
  const segments = recorder.tapes.read(id)
  const conversation: Conversation = {
    client,
    server: serverEnd(url, client),
    openedAt,
    fin,
    segments,
    ...(close && { close: { at: close.at, isReset: close.reason === 'client-reset', comment: commentOf(connection) } }),
  }
  return new Conversing(conversation).packets(conversation)
}

function commentOf({ close, error }: Connection): string {
  const about = error ? ` ${error.code} at byte ${error.offset} (${error.rfc}).` : ''
  return `${close!.reason}: ${reasons[close!.reason].sentence}${about}`
}

/** `127.0.0.1:80` or `[::1]:80`; undefined for what has no address. */
function endOf(text: string): End | undefined {
  const [, long, short, port] = /^(?:\[([\da-f:.]+)\]|(\d+\.\d+\.\d+\.\d+)):(\d+)$/i.exec(text) ?? []
  if (port === undefined) return undefined
  return {
    address: long === undefined ? Uint8Array.from(short!.split('.'), Number) : longAddress(long),
    port: Number(port),
  }
}

/** The other end, in the family of the client's address. */
function serverEnd(url: string, client: End): End {
  const { hostname = '', port = '', protocol = '' } = URL.canParse(url) ? new URL(url) : {}
  const known = endOf(`${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`)
  if (known?.address.length === client.address.length) return known
  const loopback = client.address.length === 4 ? Uint8Array.of(127, 0, 0, 1) : longAddress('::1')
  return { address: loopback, port: known?.port ?? (Number(port) || 80) }
}

/** The 16 bytes of an address of IPv6 (RFC 4291 §2.2). */
function longAddress(text: string): Uint8Array {
  // A URL has it in its normal form, without dots.
  const normal = URL.canParse(`http://[${text}]`) ? new URL(`http://[${text}]`).hostname.slice(1, -1) : '::1'
  const [front = '', back] = normal.split('::')
  const [first, last] = [wordsOf(front), wordsOf(back ?? '')]
  const all = [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last]
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 255]))
}

function wordsOf(part: string): number[] {
  return part.split(':').flatMap((word) => (word ? [Number.parseInt(word, 16)] : []))
}

// ── blocks ───────────────────────────────────────────────────────────────────────────────────────────────────────

function sectionHeader(): Uint8Array {
  // Version 1.0, of unknown length.
  const about = numbers([0x1a2b3c4d, 4], [1, 2], [0, 2], [0xffffffff, 4], [0xffffffff, 4])
  return block(0x0a0d0d0a, Buffer.concat([about, comment(note)]))
}

/** An Enhanced Packet Block. */
function packetBlock({ at, bytes, comment: said }: Packet, epoch: number): Uint8Array {
  const time = Math.round((epoch + at) * 1000)
  const head = numbers(
    [0, 4],
    [Math.floor(time / 2 ** 32), 4],
    [time % 2 ** 32, 4],
    [bytes.length, 4],
    [bytes.length, 4],
  )
  return block(6, Buffer.concat([head, padded(bytes), ...(said === undefined ? [] : [comment(said)])]))
}

function block(type: number, body: Uint8Array): Uint8Array {
  const length = body.length + 12
  return Buffer.concat([numbers([type, 4], [length, 4]), body, numbers([length, 4])])
}

/** The option `opt_comment`, and the end of options. */
function comment(text: string): Uint8Array {
  const bytes = Buffer.from(text)
  return Buffer.concat([numbers([1, 2], [bytes.length, 2]), padded(bytes), numbers([0, 4])])
}

function padded(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, new Uint8Array(-bytes.length & 3)])
}

/** Numbers of so many bytes each, the lowest byte first. */
function numbers(...all: readonly (readonly [value: number, size: 2 | 4])[]): Uint8Array {
  const bytes = Buffer.alloc(all.reduce((sum, [, size]) => sum + size, 0))
  let at = 0
  for (const [value, size] of all) at = bytes.writeUIntLE(value, at, size)
  return bytes
}
