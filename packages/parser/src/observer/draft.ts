import { decodeLatin1, encode, LF } from '../bytes.ts'
import { ORIGIN, ASTERISK } from '../numbers.ts'
import { RequestHead } from '../request-head.ts'
import type { ResponseHead } from '../response-head.ts'
import type { HeadSnapshot, ResponseSnapshot } from '../snapshot.ts'

/*
 * A head that a strict reader refuses is mended in a copy until it accepts it. So there is one grammar, and what an observer
 * reads behind a mistake is what the strict reader would have read without it. All places are counted from the first
 * byte of the message, in the copy; `original` leads back to the stream.
 */
export class Draft {
  bytes: Uint8Array
  /** How often something has been changed. */
  changes: number = 0
  /** Whether the version says 1.0 in truth. */
  isOld: boolean = false
  private readonly _edits: { at: number; delta: number }[] = []
  private _masks: { at: number; byte: number }[] = []
  /** A line that nobody has sent. */
  private _extra: { from: number; to: number } | null = null
  /** What has come, in pieces. */
  private readonly _came: Uint8Array[]

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this._came = [bytes.slice()]
  }

  /** More has come: `bytes` are those of the copy, and it behind them. */
  take(bytes: Uint8Array): void {
    if (bytes.length > this.bytes.length) this._came.push(bytes.slice(this.bytes.length))
    this.bytes = bytes
  }

  /** What has come, as it was sent. */
  source(): Uint8Array {
    const all = new Uint8Array(this.bytes.length - this.longer)
    let at = 0
    for (const piece of this._came) {
      all.set(piece, at)
      at += piece.length
    }
    return all
  }

  /** How many bytes more the copy has. */
  get longer(): number {
    return this._edits.reduce((sum, { delta }) => sum + delta, 0)
  }

  /** The place in the stream. */
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
    this.bytes = bytes
    this._masks = this._masks.filter(({ at }) => at < from || at >= to)
    for (const one of [...this._edits, ...this._masks]) if (one.at >= to) one.at += delta
    this._edits.push({ at: from + text.length, delta })
  }

  /** Shows the strict reader `text` at `from`, of which the snapshot knows nothing. */
  mask(from: number, text: string): void {
    for (let i = 0; i < text.length; i++) {
      const at = from + i
      const byte = this.bytes[at]!
      if (byte === text.charCodeAt(i)) continue
      this.changes++
      if (!this._masks.some((mask) => mask.at === at)) this._masks.push({ at, byte })
      this.bytes[at] = text.charCodeAt(i)
    }
  }

  /** Shows the strict reader a field line that is not there. Nothing may be mended behind this. */
  pretend(at: number, line: string): void {
    this.replace(at, at, line)
    this._extra = { from: at, to: at + line.length }
  }

  /** Gives the snapshot of the mended head what was sent in place of masks. */
  unmask(head: RequestHead | ResponseHead, snapshot: HeadSnapshot | ResponseSnapshot): void {
    const start = head.headStart
    const chars = snapshot.text.split('')
    for (const { at, byte } of this._masks) if (at - start < chars.length) chars[at - start] = String.fromCharCode(byte)
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
