import { append, decodeLatin1, encode, LF } from '../bytes.ts'
import type { ParseErrorCode } from '../errors.ts'
import { ORIGIN, ASTERISK } from '../numbers.ts'
import { RequestHead } from '../request-head.ts'
import type { ResponseHead } from '../response-head.ts'
import type { HeadSnapshot, ResponseSnapshot } from '../snapshot.ts'

/** How many bytes after the first mistake are taken at first: most heads and all usual framing. */
const FIRST_PART = 1024
/** A draft is never longer than this. */
const MOST_TAKEN = 2_097_152

/** A mistake, and its position in the draft. */
interface Fault {
  readonly code: ParseErrorCode
  readonly at: number
}

// decision 066
/*
 * A head, or the framing between the data of two chunks, that the strict parser refuses is repaired in a copy until it is accepted.
 * So there is only one grammar, and after a mistake an observer reads what the strict parser would have read without it.
 * The stream itself is never changed. All positions are counted from the first byte of the copy, which is the first of the message or
 * of the framing; `original` leads back from the copy to what was sent.
 */
export class Draft {
  /** What has been taken from the stream, repaired. */
  bytes: Uint8Array
  /** The next mistake to repair. */
  fault: Fault | null
  /** How often something has been changed. */
  changes: number = 0
  /** How many mistakes have been repaired; and how many bytes were read for that, counted again each time. */
  mends: number = 0
  work: number = 0
  /** Whether the version is really 1.0. */
  isOld: boolean = false
  /** Whether it has exceeded the usual limits. */
  isLarge: boolean = false
  /** How many bytes longer than the original it is. */
  longer: number = 0
  /** After this position there has to be a line feed before a rule can decide, or -1. */
  private _needsLine: number = -1
  private _room: Uint8Array
  private readonly _edits: { at: number; delta: number }[] = []
  /** What was really sent where something else is shown, by position. */
  private _masks: Map<number, number> = new Map()
  /** A line that was not sent. */
  private _extra: { from: number; to: number } | null = null

  /** @param source what has arrived, starting at the first byte of the draft */
  constructor(fault: Fault, source: Uint8Array) {
    this.fault = fault
    this.bytes = this._room = source.slice(0, fault.at + FIRST_PART)
  }

  /** Takes some more of what has arrived; false when there is no more. */
  take(source: Uint8Array): boolean {
    const taken = this._taken
    const to = Math.min(source.length, taken * 2, MOST_TAKEN)
    if (to <= taken) return false
    const { length } = this.bytes
    this._room = append(this._room, length, source.subarray(taken, to))
    this.bytes = this._room.subarray(0, length + to - taken)
    return true
  }

  private get _taken(): number {
    return this.bytes.length - this.longer
  }

  /** Nothing more will be taken. */
  get isFull(): boolean {
    return this._taken >= MOST_TAKEN
  }

  /** Whether a rule is waiting for the end of a line that has not been taken. */
  get waitsForLine(): boolean {
    if (this._needsLine >= 0 && this.bytes.indexOf(LF, this._needsLine) < 0) this._needsLine = this.bytes.length
    else this._needsLine = -1
    return this._needsLine >= 0
  }

  /** A rule has to see the end of the line. */
  needLine(): void {
    this._needsLine = this.bytes.length
  }

  /** Whether a line was inserted that was not sent. */
  get hasExtra(): boolean {
    return this._extra !== null
  }

  /** The corresponding position in what was sent. */
  original(at: number): number {
    return this._edits.reduce((place, edit) => (edit.at <= at ? place - edit.delta : place), at)
  }

  /** The first line feed at or after `from`, or -1. */
  lineEnd(from: number): number {
    return this.bytes.indexOf(LF, from)
  }

  /** Where the line of `p` starts. */
  lineStart(p: number): number {
    return p === 0 ? 0 : this.bytes.lastIndexOf(LF, p - 1) + 1
  }

  text(from: number, to: number): string {
    return decodeLatin1(this.bytes, from, to)
  }

  /** Replaces `from` to `to` with `text` for good: the repaired head will contain it. */
  replace(from: number, to: number, text: string): void {
    const delta = text.length - (to - from)
    this.changes++
    if (delta === 0) {
      this.bytes.set(encode(text), from)
      return
    }
    const bytes = new Uint8Array(this.bytes.length + delta)
    bytes.set(this.bytes.subarray(0, from))
    bytes.set(encode(text), from)
    bytes.set(this.bytes.subarray(to), from + text.length)
    this.bytes = this._room = bytes
    this.longer += delta
    const left = [...this._masks].filter(([at]) => at < from || at >= to)
    this._masks = new Map(left.map(([at, byte]) => [at < from ? at : at + delta, byte]))
    for (const one of this._edits) {
      if (one.at >= to) one.at += delta
      // an edit inside the removed part counts from its end
      else if (one.at > from) one.at = from + text.length
    }
    this._edits.push({ at: from + text.length, delta })
  }

  /** Shows the strict parser `text` at `from`; the snapshot will not contain it. */
  mask(from: number, text: string): void {
    for (let i = 0; i < text.length; i++) {
      const at = from + i
      const byte = this.bytes[at]!
      if (byte === text.charCodeAt(i)) continue
      this.changes++
      if (!this._masks.has(at)) this._masks.set(at, byte)
      this.bytes[at] = text.charCodeAt(i)
    }
  }

  /** Shows the strict parser a field line that does not exist. Nothing after it may be replaced any more. */
  pretend(at: number, line: string): void {
    this.replace(at, at, line)
    this._extra = { from: at, to: at + line.length }
  }

  /** Restores in the snapshot of the repaired head what was sent in place of masks. */
  unmask(head: RequestHead | ResponseHead, snapshot: HeadSnapshot | ResponseSnapshot): void {
    const start = head.headStart
    const chars = snapshot.text.split('')
    for (const [at, byte] of this._masks) if (at - start < chars.length) chars[at - start] = String.fromCharCode(byte)
    const whole = chars.join('')
    const part = (from: number, to: number): string => whole.slice(from - start, to - start)
    const found: Record<string, unknown> = { text: whole, minorVersion: this.isOld ? 0 : head.minorVersion }
    if (this._extra !== null) {
      found['text'] = whole.slice(0, this._extra.from - start) + whole.slice(this._extra.to - start)
      found['fieldCount'] = head.fieldCount - 1
    }
    if (head instanceof RequestHead) {
      const target = part(head.targetStart, head.targetEnd)
      found['method'] = part(start, head.methodEnd)
      found['target'] = target
      if (head.targetForm === ORIGIN && target === '*') found['targetForm'] = ASTERISK
    }
    Object.assign(snapshot, found)
  }
}
