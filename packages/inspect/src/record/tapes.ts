// Records the bytes of connections in bounded memory.
import type { Piece, Segment } from '../model/tape.ts'

/** Limits of what is recorded, by name; in bytes unless said otherwise. */
export type TapeBounds = Readonly<Record<'segment' | 'segments' | 'pieces' | 'connection' | 'all' | 'closed', number>>

export const tapeBounds: TapeBounds = {
  /** Of one segment, in each direction. */
  segment: 8 * 1024,
  /** Number of segments of one connection. */
  segments: 16,
  /** Number of pieces of one segment: reads and writes. */
  pieces: 160,
  /** Of one connection; whole segments are dropped, oldest first. */
  connection: 24 * 1024,
  /** Of all connections together. */
  all: 16 * 1024 * 1024,
  /** Number of connections that have closed. */
  closed: 240,
}

interface Recording {
  segments: Taken[]
  bytes: number
  /** The next byte begins another segment. */
  cut: boolean
  /** What arrives is the middle of something whose beginning was missed. */
  lost: boolean
}

interface Taken {
  readonly at: number
  readonly first: number
  readonly chunks: { readonly in: Uint8Array[]; readonly out: Uint8Array[] }
  readonly kept: { in: number; out: number }
  readonly total: { in: number; out: number }
  readonly pieces: Piece[]
  gap: boolean
}

/**
 * The bytes of connections as they went over the wire, in bounded memory: the beginning of what was sent between two idle
 * moments, for the last few of these.
 */
export class Tapes {
  readonly #recordings: Map<number, Recording> = new Map()
  readonly #closed: number[] = []
  readonly #bounds: TapeBounds
  #bytes = 0

  constructor(bounds: TapeBounds = tapeBounds) {
    this.#bounds = bounds
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#bytes
  }

  /** @param bytes are copied. @param first the number of the exchange that they belong to, when they begin a segment. */
  record(connection: number, direction: 'in' | 'out', bytes: Uint8Array, at: number, first: number = 1): void {
    const bounds = this.#bounds
    let recording = this.#recordings.get(connection)
    if (!recording) this.#recordings.set(connection, (recording = { segments: [], bytes: 0, cut: true, lost: false }))
    if (recording.lost) return
    if (recording.cut) this.#begin(recording, at, first)
    const { chunks, kept, total, pieces } = recording.segments.at(-1)!
    const room = Math.min(bounds.segment - kept[direction], bounds.all - this.#bytes)
    if (room > 0) {
      // A copy, because a view would keep the whole buffer in memory.
      const part = Uint8Array.prototype.slice.call(bytes, 0, room)
      chunks[direction].push(part)
      kept[direction] += part.length
      recording.bytes += part.length
      this.#bytes += part.length
    }
    total[direction] += bytes.length
    if (pieces.length < bounds.pieces) pieces.push({ at, direction, bytes: bytes.length })
  }

  /** What follows belongs to another segment. */
  cut(connection: number): void {
    const recording = this.#recordings.get(connection)
    if (recording) Object.assign(recording, { cut: true, lost: false })
  }

  /** Bytes of a connection were missed: recording resumes after the next {@link cut}. */
  miss(connection: number): void {
    const recording = this.#recordings.get(connection)
    if (!recording) {
      this.#recordings.set(connection, { segments: [], bytes: 0, cut: true, lost: true })
      return
    }
    recording.lost = true
    const last = recording.segments.at(-1)
    if (last) last.gap = true
  }

  /**
   * The connection is gone: its tape is kept until a number of others have closed after it.
   * @returns the connection whose tape was dropped to make room, if any.
   */
  close(connection: number): number | undefined {
    this.#closed.push(connection)
    if (this.#closed.length <= this.#bounds.closed) return undefined
    const oldest = this.#closed.shift()!
    this.#bytes -= this.#recordings.get(oldest)?.bytes ?? 0
    this.#recordings.delete(oldest)
    return oldest
  }

  /** What is known about a connection's bytes, oldest first. */
  read(connection: number): Segment[] {
    return (this.#recordings.get(connection)?.segments ?? []).map(({ at, first, chunks, total, pieces, gap }) => ({
      at,
      first,
      in: Buffer.concat(chunks.in).toString('base64'),
      out: Buffer.concat(chunks.out).toString('base64'),
      total,
      pieces,
      ...(gap && { gap }),
    }))
  }

  #begin(recording: Recording, at: number, first: number): void {
    const bounds = this.#bounds
    recording.cut = false
    recording.segments.push({
      at,
      first,
      chunks: { in: [], out: [] },
      kept: { in: 0, out: 0 },
      total: { in: 0, out: 0 },
      pieces: [],
      gap: false,
    })
    const { segments } = recording
    // The new segment may become twice as large as its limit.
    const room = bounds.connection - 2 * bounds.segment
    while (segments.length > 1 && (recording.bytes > room || segments.length > bounds.segments)) {
      const { kept } = segments.shift()!
      recording.bytes -= kept.in + kept.out
      this.#bytes -= kept.in + kept.out
    }
  }
}
