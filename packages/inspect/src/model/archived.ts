// The exchanges of an HTTP Archive (HAR), as the page shows those of a live server.
import { readBytes } from './tokens.ts'
import { type ArchivedEntry, archivedBytes, archivedEntries } from './archive.ts'
import { decodeLatin1 } from '@spillway/parser'
import type { WireEvent } from './events.ts'
import { type Recording, leftOut, stateOf } from './recording.ts'
import type { Segment } from './tape.ts'

/** Exchanges on one connection; where the file does not say which, each gets a connection of its own. */
interface Told {
  readonly segments: Segment[]
  readonly peer: string
  readonly label: string
  openedAt: number
  endedAt: number
  bytesIn: number
  bytesOut: number
}

/** Undefined for text that is not an archive. Malformed entries are left out, and counted. */
export function readArchive(text: string): Recording | undefined {
  const entries = archivedEntries(text).filter(({ request, response }) => request ?? response)
  if (entries.length === 0) return undefined
  const times = entries.map(({ startedDateTime }) => Date.parse(String(startedDateTime)))
  const epoch = times.reduce((first, time) => (time < first ? time : first), Infinity)
  const starts = times.map((time) => (Number.isFinite(time) ? time - epoch : 0))
  const connections = new Map<string, Told>()
  const ids = new Map<string, number>()
  const events: WireEvent[] = []
  let unreadable = 0
  for (const [i, entry] of entries.entries()) {
    const key = typeof entry.connection === 'string' && entry.connection !== '' ? entry.connection : `alone ${i}`
    if (!ids.has(key)) ids.set(key, ids.size + 1)
    if (!take(entry, starts[i]!, { id: ids.get(key)!, key, connections, events })) unreadable++
  }
  for (const [key, { openedAt, endedAt, peer, label, segments, bytesIn, bytesOut }] of connections) {
    const of = { connection: ids.get(key)! }
    const requests = segments.length
    events.unshift({ type: 'open', ...of, at: openedAt, peer, role: 'visitor', label })
    events.push({ type: 'close', ...of, at: endedAt, reason: 'not-recorded', requests, bytesIn, bytesOut })
  }
  const { state, now } = stateOf(events)
  const lost = unreadable > 0 ? [`${unreadable} entries have no request that can be read.`] : []
  const told = new Map([...connections].map(([key, one]) => [ids.get(key)!, one]))
  return {
    epoch: Number.isFinite(epoch) ? epoch : 0,
    now,
    state,
    notes: [
      'An HTTP Archive has messages and times, but no bytes of the wire: messages are written as HTTP/1.1 here.',
      ...leftOut(state),
      ...lost,
    ],
    wire: (connection) => {
      const segments = told.get(connection)?.segments
      return segments && { connection, segments, notes: [] }
    },
  }
}

interface Place {
  readonly id: number
  readonly key: string
  readonly connections: Map<string, Told>
  readonly events: WireEvent[]
}

/** Adds one entry; false when it cannot be read. */
function take(entry: ArchivedEntry, start: number, { id, key, connections, events }: Place): boolean {
  const asked = archivedBytes(entry, 'request')
  const line = asked && readBytes(asked, 'request').messages[0]?.line
  if (!asked || line === undefined) return false
  // A status of 0 means that no response came.
  const status = Number(entry.response?.status) || 0
  const answered = (status > 0 ? archivedBytes(entry, 'response') : undefined) ?? new Uint8Array(0)
  const end = start + duration(entry.time)
  const at = Math.min(end, start + duration(entry.timings?.send))
  const repliedAt = Math.min(end, at + duration(entry.timings?.wait))
  let told = connections.get(key)
  if (!told) {
    told = {
      segments: [],
      peer: 'from a file',
      label: originOf(entry),
      openedAt: start,
      endedAt: end,
      bytesIn: 0,
      bytesOut: 0,
    }
    connections.set(key, told)
  }
  told.openedAt = Math.min(told.openedAt, start)
  told.endedAt = Math.max(told.endedAt, end)
  told.bytesIn += asked.length
  told.bytesOut += answered.length
  const exchange = told.segments.length + 1
  told.segments.push({
    at: start,
    first: exchange,
    in: base64(asked),
    out: base64(answered),
    total: { in: asked.length, out: answered.length },
    pieces: [
      { at, direction: 'in', bytes: asked.length },
      { at: end, direction: 'out', bytes: answered.length },
    ],
  })
  const [method = '', target = ''] = line.split(' ')
  const of = { connection: id, exchange }
  const version = versionOf(entry)
  // Streams overlap: an HTTP/2 connection as a whole is never just receiving a head.
  if (version.startsWith('1')) events.push({ type: 'head', connection: id, at: start })
  events.push({ type: 'request', ...of, at, method, target, version, bytes: asked.length })
  if (status === 0) {
    events.push({ type: 'end', ...of, at: end, status, bytes: 0, ms: end - at, aborted: 'peer' })
    return true
  }
  events.push(
    { type: 'reply', ...of, at: repliedAt, status, persist: true },
    { type: 'end', ...of, at: end, status, bytes: answered.length, ms: end - at },
    { type: 'idle', ...of, at: end },
  )
  return true
}

/** −1 means that the time does not apply. */
function duration(ms: unknown): number {
  return typeof ms === 'number' && ms > 0 ? ms : 0
}

/** `https://a.example`; empty for a URL without an origin. */
function originOf({ request }: ArchivedEntry): string {
  const url = String(request?.url)
  return URL.canParse(url) ? new URL(url).origin : ''
}

/** `HTTP/1.1`, `http/2.0` and `h3` are all in use. */
function versionOf({ request }: ArchivedEntry): string {
  const [, major = '1', minor = major === '1' ? '.1' : '.0'] = /(\d)(\.\d)?$/.exec(String(request?.httpVersion)) ?? []
  return major + minor
}

function base64(bytes: Uint8Array): string {
  return btoa(decodeLatin1(bytes, 0, bytes.length))
}
