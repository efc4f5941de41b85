import { BodyDecoder } from '../body.ts'
import { decodeLatin1, isToken, SEMICOLON, trimmed } from '../bytes.ts'
import { parseErrors, type ParseErrorCode } from '../errors.ts'
import { type BodyLimits, defaultBodyLimits, defaultHeadLimits, type HeadLimits, limitsOf, only } from '../limits.ts'
import { MessageParser, type ParserEvent } from '../message-parser.ts'
import { BROKEN, CHUNKS, CLOSED, ENDED, HAS_DATA, NEED_MORE } from '../numbers.ts'
import { RequestHead } from '../request-head.ts'
import { ResponseHead } from '../response-head.ts'
import { DATA, IN_BODY, IN_HEAD, STOPPED } from '../states.ts'
import { Draft } from './draft.ts'
import type { Deviation, Observation } from './events.ts'
import { observer, rules, type Profile, type RuleName } from './profiles.ts'
import { findStart, MOST_SOUGHT } from './search.ts'

/** Something with more mistakes than this is not a message; this also bounds how many bytes are read again and again. */
const MOST_MENDS = 1000
const MOST_WORK = 67_108_864
/** How many bytes at a time are searched for a message. */
const SEARCHED_AT_ONCE = 1024

/** Something has changed, so that more can be read. */
const GO_ON = 'go on'
type GoOn = typeof GO_ON

/** A chunk of one byte: what follows it is the framing after data. */
const oneChunk: Uint8Array = /* @__PURE__ */ Uint8Array.from('1\r\nx', (c) => c.charCodeAt(0))

/**
 * A {@link MessageParser} that continues after mistakes as far as its profile says, and reports each as a `deviation`. Bytes may be
 * missing from the stream: `lost` says where, `resync` continues after an error.
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
  private readonly _profile: Profile
  private readonly _headLimits: HeadLimits
  /** The parser for input without mistakes. */
  private readonly _usual: RequestHead | ResponseHead
  private readonly _usualBody: BodyDecoder
  /** Further events that were found together with another one. */
  private _found: (ParserEvent | Observation)[] = []
  /** The head or the framing at `_pos` that is being repaired. */
  private _draft: Draft | null = null
  /** How far the decoder has read in a draft of framing. */
  private _draftPos: number = 0
  /** Framing after `_pos` that has been read. It is kept until it is complete, so that it can be reported or repaired. */
  private _seen: number = 0
  /** Whether a chunk has arrived. */
  private _inChunks: boolean = false
  private _searching: boolean = false
  /** Bytes after `_pos` that do not contain the version of a message. */
  private _searched: number = 0
  /** What was found last may not be the start of a message; its mistakes are reported once it is certain. */
  private _isGuess: boolean = false
  private _doubts: Deviation[] = []
  private _lostAt: number = 0
  private _lostBytes: number = 0
  /** What was fed after a gap, each gap before its bytes. */
  private _later: (Uint8Array | { readonly lost: number | undefined })[] = []

  /**
   * @param profile says what is accepted that the strict parser refuses
   * @param limits as for {@link MessageParser}
   * @throws {TypeError} {RangeError} as its constructor does
   */
  constructor(kind: Kind, profile: Profile = observer, limits?: Partial<HeadLimits & BodyLimits>) {
    super(kind, limits)
    this._profile = profile
    this._rules = new Set(profile[kind])
    this._headLimits = only(defaultHeadLimits, limitsOf({ ...defaultHeadLimits, ...defaultBodyLimits }, limits))
    this._usual = this._head
    this._usualBody = this._body
  }

  override get position(): number {
    return super.position + this._seen
  }

  override get unread(): Uint8Array {
    const parts = [this._bytes.subarray(this._pos + this._seen, this._end)]
    for (const one of this._later) if (one instanceof Uint8Array) parts.push(one)
    const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const part of parts) {
      all.set(part, at)
      at += part.length
    }
    return all
  }

  override get partial(): boolean {
    return super.partial || this._draft !== null
  }

  /** Whether an error keeps it from reading on. @internal */
  get failed(): boolean {
    return this._error !== null
  }

  /** Bytes being searched do not belong to a message yet, and bytes after the last message never will. @internal */
  override get _left(): number {
    return this._searching || this._phase === STOPPED ? 0 : this._rest
  }

  private get _rest(): number {
    return this._end - this._pos
  }

  /** Like {@link MessageParser.expect}; something that an observer accepted as a method may be invalid, and is treated as GET. */
  override expect(requestMethod: string): void {
    super.expect(isToken(requestMethod) ? requestMethod : 'GET')
  }

  /**
   * Bytes are missing after what was fed: continues with the content if all of them are part of it, otherwise with the next message that
   * can be found. The current message ends where it is.
   *
   * @param bytes how many; left out when that is unknown, as in the middle of a stream
   * @throws {RangeError} for an invalid number of bytes
   */
  lost(bytes?: number): this {
    if (bytes !== undefined && !(Number.isSafeInteger(bytes) && bytes >= 0))
      throw new RangeError('Invalid number of bytes')
    if (bytes === 0) return this
    this._later.push({ lost: bytes })
    this._dry = false
    return this
  }

  /** Continues after an error, or after the current message, with the next message that can be found. */
  resync(): this {
    const error = this._error
    this._error = null
    // what has been read of a refused head belongs to no message
    if (error !== null && this._phase === IN_HEAD) {
      if (this._lostBytes === 0) this._lostAt = this.position - error.offset
      this._lostBytes += error.offset
    }
    this._abandon()
    // what was refused cannot be the start of a message
    if (this._searching && this._rest > 0) this._lose(1)
    this._dry = false
    return this
  }

  override _pull(): ParserEvent | Observation | null {
    for (;;) {
      const found = this._found.shift()
      if (found !== undefined) return found
      const event = this._next()
      if (event === GO_ON) continue
      if (event !== null && this._found.length === 0) return event
      if (event !== null) this._found.push(event)
      else if (this._found.length === 0 && !this._pass()) {
        this._wait()
        if (this._found.length === 0 && (this._phase !== STOPPED || this._rest === 0)) return null
      }
    }
  }

  private _next(): ParserEvent | Observation | GoOn | null {
    if (this._error !== null) throw this._error
    if (this._phase === STOPPED) {
      this._leave()
      return this._rest > 0 ? super._pull() : null
    }
    if (this._searching) return this._search()
    if (this._phase === IN_HEAD) return this._readHead()
    return this._draft === null ? this._readContent() : this._readFraming(this._draft)
  }

  protected override _add(bytes: Uint8Array): void {
    if (this._later.length > 0) this._later.push(new Uint8Array(bytes))
    else if (this._rest > 0) super._add(bytes)
    else {
      // captures are long: an array created as a copy need not be filled with zeros first
      this._before += this._pos
      this._bytes = new Uint8Array(bytes)
      this._pos = 0
      this._end = bytes.length
    }
  }

  /** Continues after the next gap, if there is one. */
  private _pass(): boolean {
    const gap = this._later.shift()
    if (gap === undefined) return false
    if (!(gap instanceof Uint8Array)) this._skip(gap.lost)
    while (this._later[0] instanceof Uint8Array) super._add(this._later.shift() as Uint8Array)
    return true
  }

  private _skip(bytes: number | undefined): void {
    const body = this._body
    const count = bytes ?? 0
    const isContent = this._phase === IN_BODY && this._draft === null && body._state === DATA && bytes !== undefined
    if (this._phase === STOPPED || (isContent && bytes <= body._left)) {
      if (isContent) {
        this._framed(this._pos + this._seen, false)
        this._inChunks = true
      }
      this._found.push({ type: 'lost', at: this.position, bytes: count })
      this._before += count
      if (this._phase === STOPPED) return
      body._left -= count
      body.dataBytes += count
      if (body._left === 0) body._state = body._after
      return
    }
    this._abandon()
    if (this._phase === STOPPED) {
      // what is left before the gap is not HTTP, and comes first
      this._later.unshift({ lost: bytes })
      return
    }
    this._lose(this._rest)
    this._lostBytes += count
    this._before += count
  }

  /** What has arrived after `_pos`. */
  private _source(): Uint8Array {
    return this._bytes.subarray(this._pos, this._end)
  }

  private _readHead(): ParserEvent | GoOn | null {
    const head = this._head
    if (head instanceof ResponseHead) head.requestMethod = this._methods[0] ?? 'GET'
    const draft = this._draft
    if (draft !== null) return this._readDraft(draft)
    const used = head.parse(this._bytes, this._pos, this._end)
    if (used === 0) return null
    if (used > 0) return this._begun(this._opened(this._bytes, this._pos))
    this._draft = new Draft({ code: head.error!, at: head.errorOffset }, this._source())
    return GO_ON
  }

  /** Reads the head that is being repaired, again from its start when it has changed. */
  private _readDraft(draft: Draft): ParserEvent | GoOn | null {
    const head = this._head
    while (draft.fault === null) {
      const used = head.parse(draft.bytes, 0, draft.bytes.length)
      if (used > 0) {
        const from = this._pos
        const event = this._opened(draft.bytes, 0)
        const [start, end] = [draft.original(head.headStart), draft.original(head.headEnd)]
        this._start = this._before + from
        this._pos = from + end
        this._headBytes = end
        if (event.type === 'request' || event.type === 'response') {
          draft.unmask(head, event.head)
          Object.assign(event, { at: this._start + start, headBytes: end - start })
          if (draft.isOld) Object.assign(event, { keepAlive: false })
        }
        return this._begun(event)
      }
      if (used < 0) draft.fault = { code: head.error!, at: head.errorOffset }
      else if (!draft.take(this._source())) {
        if (!draft.isFull) return null
        draft.fault = { code: 'HEAD_TOO_LARGE', at: draft.bytes.length }
      }
    }
    const { code, at } = draft.fault
    const offset = draft.original(at)
    const rule = this._mend(draft)
    if (rule === 'line') return null
    if (rule === undefined) return this._refuse(code, offset)
    // a version that claims more than it is must not cause further mistakes
    if (!(draft.isOld && code === 'HOST_MISSING')) this._deviate(code, this.position + offset, offset, rule)
    // inserted bytes do not count, removed ones do
    const limits = { ...this._headLimits, ...(draft.isLarge ? this._profile.headLimits : {}) }
    limits.headBytes = Math.max(0, limits.headBytes + draft.longer)
    if (draft.hasExtra) limits.fields++
    this._head = this._type === 'request' ? new RequestHead(limits) : new ResponseHead(limits)
    return GO_ON
  }

  private _opened(bytes: Uint8Array, start: number): ParserEvent {
    this._body = this._usualBody
    return this._open(bytes, start)
  }

  private _begun(event: ParserEvent): ParserEvent {
    this._tellLost()
    this._found.push(...this._doubts)
    this._forgetHead()
    this._isGuess = this._inChunks = false
    return event
  }

  /** Repairs a mistake in a draft with a rule, and returns its name; `line` when the rule needs to see more. */
  private _mend(draft: Draft): RuleName | 'line' | undefined {
    const { code, at } = draft.fault!
    do {
      const rule = draft.waitsForLine ? 'line' : this._ruleFor(draft, code, at)
      if (rule !== 'line') {
        draft.mends++
        draft.work += at
        draft.fault = null
        return draft.mends > MOST_MENDS || draft.work > MOST_WORK ? undefined : rule
      }
      draft.needLine()
    } while (draft.take(this._source()))
    return draft.isFull ? undefined : 'line'
  }

  private _ruleFor(draft: Draft, code: ParseErrorCode, at: number): RuleName | 'line' | undefined {
    const place = this._phase === IN_HEAD ? 'inHead' : 'inFraming'
    for (const name of this._rules) {
      const rule = rules[name]
      if (!rule.codes.includes(code) || (rule.isVague === true && this._isGuess)) continue
      if (rule.side !== undefined && rule.side !== this._type) continue
      if (rule.isLimit === place && !draft.isLarge) {
        draft.isLarge = true
        return name
      }
      const before = draft.changes
      const mended = place === 'inHead' ? rule.inHead?.(draft, at, this._head) : rule.inFraming?.(draft, at, code)
      if (mended === 'line') return mended
      // what a rule left unchanged would be refused again
      if (mended === true && draft.changes > before) return name
    }
    return undefined
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

  private _forgetHead(): void {
    this._head.reset()
    this._head = this._usual
    this._head.reset()
    this._draft = null
    this._doubts = []
  }

  private _readContent(): ParserEvent | GoOn | null {
    const { _body: body, _bytes: buf, _pos: from, _end: end } = this
    const event = body.next(buf, from + this._seen, end)
    if (event === BROKEN) {
      this._draft = new Draft({ code: body.error!, at: body.pos - from }, this._source())
      this._seen = 0
      return GO_ON
    }
    if (event === HAS_DATA) {
      this._framed(body.dataStart, false)
      this._inChunks = true
      this._pos = body.pos
      return { type: 'data', at: this._before + body.dataStart, data: this._own(body.dataStart, body.dataEnd) }
    }
    if (event === NEED_MORE && !(this._ended && this._later.length === 0 && this._kind === CLOSED)) {
      this._seen = body.pos - from
      return null
    }
    this._framed(body.pos, true)
    return this._close()
  }

  /** Reads the framing that is being repaired, again from its start when it has changed. */
  private _readFraming(draft: Draft): ParserEvent | GoOn | null {
    while (draft.fault === null) {
      const body = this._body
      const event = body.next(draft.bytes, this._draftPos, draft.bytes.length)
      this._draftPos = body.pos
      if (event === BROKEN) draft.fault = { code: body.error!, at: body.pos }
      else if (event === ENDED) {
        this._draft = null
        this._framed(this._pos + draft.original(body.pos), true)
        return this._close()
      } else if (body._state === DATA || event === HAS_DATA) {
        // the data is read from the stream
        const size = event === HAS_DATA ? body.dataEnd - body.dataStart : 0
        body._left += size
        body.dataBytes -= size
        body._state = DATA
        this._draft = null
        this._seen = draft.original(body.pos - size)
        return GO_ON
      } else if (!draft.take(this._source())) {
        if (!draft.isFull) return null
        draft.fault = { code: 'TRAILERS_TOO_LARGE', at: draft.bytes.length }
      }
    }
    const { code, at } = draft.fault
    const place = draft.original(at)
    const offset = this.position + place - this._start
    const rule = this._mend(draft)
    if (rule === 'line') return null
    if (rule === undefined) {
      this._draft = null
      return this._fail(code, offset, place)
    }
    this._deviate(code, this.position + place, offset, rule)
    draft.isLarge = true
    if (this._body === this._usualBody) this._body = new BodyDecoder(this._profile.bodyLimits)
    this._body.reset(CHUNKS)
    if (this._inChunks) this._body.next(oneChunk, 0, oneChunk.length)
    this._draftPos = 0
    return GO_ON
  }

  /** Framing up to `to` has been read: reports the extensions and trailers in it. */
  private _framed(to: number, isLast: boolean): void {
    const framing = this._bytes.subarray(this._pos, to)
    this._pos = to
    this._seen = 0
    // nearly all framing is just a size and two line ends
    if (isLast ? framing.length <= 7 : framing.indexOf(SEMICOLON) < 0) return
    const at = this._before + to
    const lines = decodeLatin1(framing, 0, framing.length).split(/\r?\n/)
    const size = lines.findIndex((line) => line !== '')
    const extension = lines[size]?.indexOf(';') ?? -1
    if (extension >= 0) this._found.push({ type: 'extensions', at, text: lines[size]!.slice(extension) })
    if (!isLast) return
    const fields: [string, string][] = []
    for (const line of lines.slice(size + 1)) {
      const colon = line.indexOf(':')
      const last = fields.at(-1)
      if (last && /^[\t ]/.test(line)) last[1] = trimmed(`${last[1]}  ${line}`, 0, last[1].length + line.length + 2)
      else if (colon > 0) fields.push([trimmed(line, 0, colon), trimmed(line, colon + 1, line.length)])
    }
    if (fields.length > 0) this._found.push({ type: 'trailers', at, fields })
  }

  private _search(): GoOn | null {
    for (;;) {
      const from = this._pos + this._searched
      const end = Math.min(from + SEARCHED_AT_ONCE, this._end)
      const found = findStart(this._bytes, this._pos, from, end, this._type)
      const start = found < 0 ? ~found : found
      this._lose(start - this._pos)
      if (found >= 0) break
      this._searched = Math.max(0, end - MOST_SOUGHT - start)
      if (end === this._end) return null
    }
    this._searching = false
    this._isGuess = true
    return GO_ON
  }

  /** Counts everything that was read as read, repaired or not. */
  private _leave(): void {
    this._pos += this._seen
    this._seen = 0
    this._draft = null
  }

  /** Gives up the current message. */
  private _abandon(): void {
    this._leave()
    if (this._phase === IN_BODY) {
      this._deviate('MESSAGE_INCOMPLETE', this.position, this.position - this._start, 'ends')
      this._found.push(this._close())
    }
    this._forgetHead()
    if (this._phase === IN_HEAD) this._searching = true
  }

  private _lose(bytes: number): void {
    if (this._lostBytes === 0) this._lostAt = this.position
    this._lostBytes += bytes
    this._pos += bytes
    this._searched = 0
  }

  private _tellLost(): void {
    if (this._lostBytes > 0) this._found.push({ type: 'lost', at: this._lostAt, bytes: this._lostBytes })
    this._lostBytes = 0
  }

  protected override _cut(): void {
    if (this._phase === STOPPED) return
    const { _draft: draft } = this
    this._pos += this._seen
    this._seen = 0
    if (this._searching) this._lose(this._rest)
    this._tellLost()
    if (!this._rules.has('ends') && !this._searching) {
      if (!draft?.fault) return super._cut()
      // what would be needed to repair it never arrived
      const place = draft.original(draft.fault.at)
      this._fail(draft.fault.code, this._phase === IN_HEAD ? place : this.position - this._start + place, place)
    }
    const at = this._before + this._end
    this._found.push(...this._doubts)
    this._isGuess = false
    if (this._phase === IN_BODY) {
      this._deviate('MESSAGE_INCOMPLETE', at, at - this._start, 'ends')
      this._found.push(this._close())
    } else if (this._rest > 0 && this.partial) this._deviate('MESSAGE_INCOMPLETE', at, this._rest, 'ends')
    else this._pos = this._end
    for (const _ of this._methods) this._deviate('RESPONSE_MISSING', at, 0, 'ends')
    this._methods.length = 0
    this._forgetHead()
    this.stop()
  }

  /** @internal */
  _deviate(code: ParseErrorCode, at: number, offset: number, rule: RuleName): void {
    const { rfc, message, status } = parseErrors[code]
    const strict =
      this._type === 'request'
        ? `answers ${status} and closes the connection`
        : 'reads no further; a gateway answers 502'
    const list: (ParserEvent | Observation)[] = this._isGuess && this._phase === IN_HEAD ? this._doubts : this._found
    list.push({ type: 'deviation', at, offset, code, rfc, message, strict, lenient: rules[rule].lenient })
  }
}
