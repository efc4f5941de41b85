import { BodyDecoder } from '../body.ts'
import { decodeLatin1, isToken, LF, trimmed } from '../bytes.ts'
import { ParseError, parseErrors, type ParseErrorCode } from '../errors.ts'
import type { BodyLimits, HeadLimits } from '../limits.ts'
import { MessageParser, type ParserEvent } from '../message-parser.ts'
import { BROKEN, CHUNKS, CLOSED, ENDED, HAS_DATA } from '../numbers.ts'
import { RequestHead } from '../request-head.ts'
import { ResponseHead } from '../response-head.ts'
import { DATA, IN_BODY, IN_HEAD, STOPPED } from '../states.ts'
import { mendFraming } from './chunk-rules.ts'
import { Draft } from './draft.ts'
import type { Observation } from './events.ts'
import { observer, rules, type Profile, type RuleName } from './profiles.ts'
import { findStart } from './search.ts'

/** A head with more mistakes than this is none. */
const MOST_MENDS = 1000
/** What waits to be mended is not longer. */
const MOST_FRAMING = 1_048_576

/** Something has changed, so that more can be read. */
const GO_ON = 'go on'
type GoOn = typeof GO_ON

const nothing: Uint8Array = /* @__PURE__ */ new Uint8Array(0)

/**
 * A {@link MessageParser} that reads on behind mistakes as far as its profile says, and tells each as a `deviation`. Bytes can be
 * missing from the stream: `lost` tells where, `resync` goes on behind an error.
 *
 * ```ts
 * for (const event of new ObservingParser('response').feed(bytes))
 *   if (event.type === 'deviation') console.log(event.at, event.code, event.strict, event.lenient)
 * ```
 */
export class ObservingParser<Kind extends 'request' | 'response' = 'request' | 'response'> extends MessageParser<
  Kind,
  Observation
> {
  private readonly _rules: ReadonlySet<RuleName>
  /** The head of usual limits, and one for those that pass them. */
  private readonly _usual: RequestHead | ResponseHead
  private _roomy: RequestHead | ResponseHead | undefined
  private readonly _usualBody: BodyDecoder
  private readonly _profile: Profile
  /** Events that were found together with another one. */
  private _found: (ParserEvent | Observation)[] = []
  private _draft: Draft | null = null
  private _mends: number = 0
  /** Nothing can be told before there is a line feed this far behind `_pos`, or -1. */
  private _needsLine: number = -1
  /** The framing of chunks since the last byte of data. */
  private _framing: Uint8Array = nothing
  private _broken: { readonly code: ParseErrorCode; readonly at: number } | null = null
  private _searching: boolean = false
  /** What was found last may be no start of a message. */
  private _isGuess: boolean = false
  private _lostAt: number = 0
  private _lostBytes: number = 0

  /**
   * @param profile what is read that a strict reader refuses
   * @param limits as those of {@link MessageParser}
   * @throws {TypeError} {RangeError} as the constructor of that
   */
  constructor(kind: Kind, profile: Profile = observer, limits?: Partial<HeadLimits & BodyLimits>) {
    super(kind, limits)
    this._profile = profile
    this._rules = new Set(profile[kind])
    this._usual = this._head
    this._usualBody = this._body
  }

  /** As {@link MessageParser.expect}; what an observer has read as a method may be none, and is answered as GET is. */
  override expect(requestMethod: string): void {
    super.expect(isToken(requestMethod) ? requestMethod : 'GET')
  }

  /**
   * Bytes are missing behind what was fed: goes on with the content if they are all part of it, otherwise with the next message that
   * can be found. The message in hand ends where it is.
   *
   * @param bytes how many; left out when that is not known, as in the middle of a stream
   * @throws {RangeError} for what is no number of bytes
   */
  lost(bytes?: number): this {
    if (bytes !== undefined && !(Number.isSafeInteger(bytes) && bytes >= 0))
      throw new RangeError('Invalid number of bytes')
    if (bytes === 0) return this
    this._drain()
    if (this._error !== null) return this
    const body = this._body
    const count = bytes ?? 0
    const isContent = this._phase === IN_BODY && this._broken === null && body._state === DATA
    if (this._phase === STOPPED || (isContent && bytes !== undefined && bytes <= body._left)) {
      this._found.push({ type: 'lost', at: this.position, bytes: count })
      this._before += count
      if (this._phase === STOPPED) return this
      body._left -= count
      body.dataBytes += count
      if (body._left === 0) body._state = body._after
      return this
    }
    this._abandon()
    this._lose(this._end - this._pos)
    this._lostBytes += count
    this._before += count
    return this
  }

  /** Goes on behind an error, or behind the message in hand: with the next message that can be found. */
  resync(): this {
    if (this._error === null) this._drain()
    const isError = this._error !== null
    this._error = null
    this._abandon()
    // what was refused is no start
    if (isError && this._end > this._pos) this._lose(1)
    this._dry = false
    return this
  }

  override get unread(): Uint8Array {
    return this._source() ?? super.unread
  }

  override _pull(): ParserEvent | Observation | null {
    for (;;) {
      const found = this._found.shift()
      if (found !== undefined) return found
      if (this._error !== null || this._phase === STOPPED) return super._pull()
      const event = this._searching ? this._search() : this._phase === IN_HEAD ? this._readHead() : this._readContent()
      if (event === GO_ON) continue
      if (event !== null && this._found.length === 0) return event
      if (event !== null) this._found.push(event)
      else if (this._found.length === 0) {
        this._wait()
        if (this._found.length === 0 && (this._phase !== STOPPED || this._left === 0)) return null
      }
    }
  }

  private _readHead(): ParserEvent | GoOn | null {
    const { _pos: from, _end: end } = this
    if (this._needsLine >= 0 && this._bytes.subarray(from + this._needsLine, end).indexOf(LF) < 0) return null
    this._needsLine = -1
    const head = this._head
    if (head instanceof ResponseHead) head.requestMethod = this._methods[0] ?? 'GET'
    const used = head.parse(this._bytes, from, end)
    if (used === 0) return null
    if (used < 0) {
      const code = head.error!
      const bytes = this._bytes.subarray(from, end)
      const draft = this._draft ?? new Draft(bytes)
      const offset = draft.original(head.errorOffset)
      draft.take(bytes)
      // a version that says more than it is brings no new mistakes
      const isOwn = draft.isOld && code === 'HOST_MISSING'
      const rule = this._mends < MOST_MENDS && this._mend(draft, code)
      if (rule === 'line') {
        this._needsLine = end - from
        return null
      }
      this._draft = draft
      if (rule === false) return this._refuse(code, offset)
      if (!isOwn) this._deviate(code, this._before + from + offset, offset, rule)
      this._mends++
      this._readFrom(draft.bytes)
      return GO_ON
    }
    const at = this._before + from
    const draft = this._draft
    this._body = this._usualBody
    const event = this._open(this._bytes, from)
    if (draft !== null && (event.type === 'request' || event.type === 'response')) {
      draft.unmask(head, event.head)
      const start = draft.original(head.headStart)
      const facts = { at: at + start, headBytes: draft.original(head.headEnd) - start }
      Object.assign(event, facts, draft.isOld ? { keepAlive: false } : {})
      this._before -= draft.longer
      this._headBytes -= draft.longer
    }
    this._endHead()
    this._isGuess = false
    this._framing = nothing
    return event
  }

  /** The rule that has mended the draft, if one could. */
  private _mend(draft: Draft, code: ParseErrorCode): RuleName | 'line' | false {
    const isLarge = this._rules.has('largeHeads') && rules.largeHeads.codes.includes(code)
    if (isLarge && this._head === this._usual) {
      const Head = this._type === 'request' ? RequestHead : ResponseHead
      this._head = this._roomy ??= new Head(this._profile.headLimits)
      return 'largeHeads'
    }
    const { errorOffset } = this._head
    for (const name of this._rules) {
      const rule = rules[name]
      if (rule.mend === undefined || !rule.codes.includes(code)) continue
      if ((rule.side !== undefined && rule.side !== this._type) || (rule.isVague === true && this._isGuess)) continue
      const before = draft.changes
      const mended = rule.mend(draft, errorOffset, this._head, code)
      if (mended === 'line') return mended
      // what a rule has left as it was will be refused again
      if (mended && draft.changes > before) return name
    }
    return false
  }

  private _refuse(code: ParseErrorCode, offset: number): GoOn {
    this._forgetHead()
    if (this._isGuess) {
      this._searching = true
      this._lose(1)
      return GO_ON
    }
    return this._fail(code, offset, offset)
  }

  /** Goes on with `bytes` in place of those that have come and not been read. */
  private _readFrom(bytes: Uint8Array): void {
    this._before += this._pos
    this._bytes = bytes
    this._pos = 0
    this._end = bytes.length
  }

  /** The head in hand is none: what comes next reads what was sent, not what was mended. */
  private _forgetHead(): void {
    this._unmend()
    this._endHead()
  }

  private _unmend(): void {
    const source = this._source()
    if (source !== null) this._readFrom(source)
  }

  /** What has come of a head that is being mended. */
  private _source(): Uint8Array | null {
    const draft = this._draft
    if (draft === null) return null
    draft.take(this._bytes.subarray(this._pos, this._end))
    return draft.source()
  }

  private _endHead(): void {
    this._head.reset()
    this._head = this._usual
    this._head.reset()
    this._draft = null
    this._mends = 0
    this._needsLine = -1
  }

  private _readContent(): ParserEvent | GoOn | null {
    const { _body: body, _bytes: buf, _pos: from, _end: end } = this
    if (this._broken !== null) return this._mendContent()
    const event = body.next(buf, from, end)
    this._pos = body.pos
    const isChunked = this._kind === CHUNKS
    const framing = isChunked ? buf.subarray(from, event === HAS_DATA ? body.dataStart : body.pos) : nothing
    if (event === BROKEN) {
      this._broken = { code: body.error!, at: this.position }
      // all of the framing comes again, in one piece
      const all = joined(this._framing, buf.subarray(from, end))
      this._before += from - this._framing.length
      this._bytes = all
      this._pos = 0
      this._end = all.length
      this._framing = nothing
      return this._mendContent()
    }
    if (framing.length > 0) this._framing = joined(this._framing, framing)
    if (event === HAS_DATA) {
      const at = this._before + body.dataStart
      this._extensions(at)
      return { type: 'data', at, data: this._own(body.dataStart, body.dataEnd) }
    }
    if (event === ENDED || (this._ended && this._kind === CLOSED)) {
      this._extensions(this.position)
      return this._close()
    }
    return null
  }

  private _mendContent(): GoOn | null {
    const { code, at } = this._broken!
    const { _pos: from, _end: end } = this
    if (this._needsLine >= 0 && this._bytes.subarray(from + this._needsLine, end).indexOf(LF) < 0) return null
    const mended = this._rules.has('chunks') && mendFraming(this._bytes.subarray(from, end))
    if (mended === null && end - from < MOST_FRAMING) {
      this._needsLine = end - from
      return null
    }
    this._needsLine = -1
    const offset = at - this._start
    if (mended === false || mended === null) {
      this._pos = Math.min(at - this._before, end)
      return this._fail(code, offset, 0)
    }
    this._broken = null
    this._deviate(code, at, offset, 'chunks')
    this._bytes = joined(mended.bytes, this._bytes.subarray(from + mended.used, end))
    this._before += from + mended.used - mended.bytes.length
    this._pos = 0
    this._end = this._bytes.length
    if (this._body === this._usualBody) this._body = new BodyDecoder(this._profile.bodyLimits)
    this._body.reset(CHUNKS)
    return GO_ON
  }

  /** Tells of chunk extensions and trailers in the framing so far. */
  private _extensions(at: number): void {
    const framing = this._framing
    if (framing.length === 0) return
    this._framing = nothing
    // nearly all of it is a size and two line ends
    if (framing.length < 7) return
    const lines = decodeLatin1(framing, 0, framing.length).split('\r\n')
    const size = lines.findIndex((line) => line !== '')
    const extension = lines[size]?.indexOf(';') ?? -1
    if (extension >= 0) this._found.push({ type: 'extensions', at, text: lines[size]!.slice(extension) })
    const fields = lines.slice(size + 1, -2).map((line): [string, string] => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), trimmed(line, colon + 1, line.length)]
    })
    if (fields.length > 0) this._found.push({ type: 'trailers', at, fields })
  }

  private _search(): GoOn | null {
    const text = decodeLatin1(this._bytes, this._pos, this._end)
    const start = findStart(text, this._type)
    this._lose(start < 0 ? ~start : start)
    if (start < 0) return null
    this._searching = false
    this._isGuess = true
    this._tellLost()
    return GO_ON
  }

  /** The message in hand goes no further. */
  private _abandon(): void {
    if (this._phase === IN_BODY) {
      this._tellLost()
      this._deviate('MESSAGE_INCOMPLETE', this.position, this.position - this._start, 'ends')
      this._found.push(this._close())
    }
    this._broken = null
    this._forgetHead()
    if (this._phase === IN_HEAD) this._searching = true
  }

  private _lose(bytes: number): void {
    if (this._lostBytes === 0) this._lostAt = this.position
    this._lostBytes += bytes
    this._pos += bytes
  }

  private _tellLost(): void {
    if (this._lostBytes > 0) this._found.push({ type: 'lost', at: this._lostAt, bytes: this._lostBytes })
    this._lostBytes = 0
  }

  /** Reads what has been fed, for what comes behind it. */
  private _drain(): void {
    const events: (ParserEvent | Observation)[] = []
    try {
      for (let event; (event = this._pull()) !== null;) events.push(event)
    } catch (error) {
      // it comes behind the events, when they are asked for
      if (!(error instanceof ParseError)) throw error
    }
    this._found = events
  }

  protected override _cut(): void {
    if (this._phase === STOPPED) return
    if (this._searching) this._lose(this._left)
    this._tellLost()
    this._unmend()
    if (!this._rules.has('ends') && !this._searching) return super._cut()
    const at = this._before + this._end
    if (this._phase === IN_BODY) {
      this._deviate('MESSAGE_INCOMPLETE', at, at - this._start, 'ends')
      this._found.push(this._close())
    } else if (this._left > 0 && (this._head.partial || this._needsLine >= 0))
      this._deviate('MESSAGE_INCOMPLETE', at, this._left, 'ends')
    else this._pos = this._end
    for (const _ of this._methods) this._deviate('RESPONSE_MISSING', at, 0, 'ends')
    this._methods.length = 0
    this.stop()
  }

  /** @internal */
  _deviate(code: ParseErrorCode, at: number, offset: number, rule: RuleName): void {
    const { rfc, message, status } = parseErrors[code]
    const strict =
      this._type === 'request'
        ? `answers ${status} and closes the connection`
        : 'reads no further; a gateway answers 502'
    this._found.push({ type: 'deviation', at, offset, code, rfc, message, strict, lenient: rules[rule].lenient })
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second
  const all = new Uint8Array(first.length + second.length)
  all.set(first)
  all.set(second, first.length)
  return all
}
