import { append, decodeLatin1, encode, LF } from '../bytes.ts'
import type { ParseErrorCode } from '../errors.ts'
import { ORIGIN, ASTERISK } from '../numbers.ts'
import { RequestHead } from '../request-head.ts'
import type { ResponseHead } from '../response-head.ts'
import type { HeadSnapshot, ResponseSnapshot } from '../snapshot.ts'

/** So much behind the first mistake is taken at first: most heads and all usual framing. */
const FIRST_PART = 1024
/** What is mended is never longer. */
const MOST_TAKEN = 2_097_152

/** A mistake, and its place in the draft. */
interface Fault {
  readonly code: ParseErrorCode
  readonly at: number
}

/*
 * What a strict reader refuses, a head or the framing between the data of two chunks, is mended in a copy until it is accepted.
 * So there is one grammar, and what an observer reads behind a mistake is what the strict reader would have read without it.
 * The stream itself is never changed. All places are counted from the first byte of the copy, which is that of the message or
 * of the framing; `original` leads back from the copy to what was sent.
 */
export class Draft {
  /** What has been taken of the stream, mended. */
  bytes: Uint8Array
  /** What is to be mended next. */
  fault: Fault | null
  /** How often something has been changed. */
  changes: number = 0
  /** Mistakes that have been mended, and how many bytes were read for that, again each time. */
  mends: number = 0
  work: number = 0
  /** Whether the version says 1.0 in truth. */
  isOld: boolean = false
  /** Whether it has passed the usual limits. */
  isLarge: boolean = false
  /** How many bytes more than what was sent it has. */
  longer: number = 0
  /** Behind this place there has to be a line feed before anything can be told, or -1. */
  private _needsLine: number = -1
  private _room: Uint8Array
  private readonly _edits: { at: number; delta: number }[] = []
  /** What was sent where something else is shown, by place. */
  private _masks: Map<number, number> = new Map()
  /** A line that nobody has sent. */
  private _extra: { from: number; to: number } | null = null

  /** @param source what has come, from the first byte of the draft on */
  constructor(fault: Fault, source: Uint8Array) {
    this.fault = fault
    this.bytes = this._room = source.slice(0, fault.at + FIRST_PART)
  }

  /** Takes some more of what has come; false when there is no more. */
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

  /** Whether a rule waits for the end of a line that has not been taken. */
  get waitsForLine(): boolean {
    if (this._needsLine >= 0 && this.bytes.indexOf(LF, this._needsLine) < 0) this._needsLine = this.bytes.length
    else this._needsLine = -1
    return this._needsLine >= 0
  }

  /** A rule has to see the end of the line. */
  needLine(): void {
    this._needsLine = this.bytes.length
  }

  /** A line was put in that nobody has sent. */
  get hasExtra(): boolean {
    return this._extra !== null
  }

  /** The place in what was sent. */
  original(at: number): number {
    return this._edits.reduce((place, edit) => (edit.at <= at ? place - edit.delta : place), at)
  }

  /** The line feed at `from` or behind it, or -1. */
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

  /** Puts `text` where `from` to `to` is, for good: what a mended head says is that. */
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
      // an edit in what is gone counts from its end on
      else if (one.at > from) one.at = from + text.length
    }
    this._edits.push({ at: from + text.length, delta })
  }

  /** Shows the strict reader `text` at `from`, of which the snapshot knows nothing. */
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

  /** Shows the strict reader a field line that is not there. Nothing may be replaced behind this. */
  pretend(at: number, line: string): void {
    this.replace(at, at, line)
    this._extra = { from: at, to: at + line.length }
  }

  /** Gives the snapshot of the mended head what was sent in place of masks. */
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
