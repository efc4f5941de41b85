// How a reply is written in HTTP/1.1 (RFC 9112 §6): its head, how its content is delimited, and whether the connection is kept.
import { hasToken } from '@spillway/parser/fields'
import { isFieldValue, statusLine } from '@spillway/parser/serialize'
import type { KeptReply } from '../exchange/kept-reply.ts'
import type { BodySource, Reply } from '../exchange/reply.ts'
import { isSource } from '../exchange/source.ts'
import { ContentFraming, checkReply, hasNoContent, isAscii, sliceBytes } from '../exchange/content.ts'
import { type ReplyFacts, wholeReply } from '../server/written-heads.ts'
import { ReplyHeaders, lengthOf } from '../exchange/reply-headers.ts'

/** What is sent for a reply. Reused: valid until the next call of {@link planReply}. */
export interface ReplyPlan {
  /** Status line, fields and the empty line. */
  head: string
  /** Content that is ASCII text, or empty. */
  text: string
  /** Content that is bytes. */
  content: Uint8Array | null
  framing: ContentFraming
  /** Content that is streamed, or null. */
  source: BodySource
  /** Declared length of streamed content. */
  length: number
  persist: boolean
}

const plan: ReplyPlan = {
  head: '',
  text: '',
  content: null,
  framing: ContentFraming.Whole,
  source: null,
  length: 0,
  persist: true,
}

/** Longer content in memory is streamed, so that other connections get a turn. */
const wholeBytes = 2 * sliceBytes

/** What the fields of a reply say, except those that core writes itself. Reused: valid until the next {@link readFields}. */
const said = {
  /** The list that was read, if it cannot have changed since. */
  flat: null as readonly string[] | null,
  text: '',
  length: -1,
  close: false,
  date: false,
  upgrade: false,
}

/**
 * Decides what a reply looks like on the wire: framing, persistence, and the rules of HEAD, 204, 205 and 304.
 * @throws RangeError for a status or a Content-Length set by the handler that cannot be true; TypeError for invalid
 * content.
 */
export function planReply(reply: Reply, facts: ReplyFacts): ReplyPlan {
  const { body, kept } = reply
  if (typeof body === 'string' && planWritten(reply, body, facts)) return plan
  return kept === undefined ? planAnew(reply, facts) : planKept(kept, reply, facts)
}

function planKept(kept: KeptReply, reply: Reply, facts: ReplyFacts): ReplyPlan {
  if (reply.codings !== undefined || !kept.matches(reply)) return planAnew(reply, facts)
  if (!kept.recall(plan, facts)) {
    planAnew(reply, facts)
    if (plan.persist && plan.framing === ContentFraming.Whole && facts.method !== 'HEAD') kept.keep(plan, facts)
    return plan
  }
  plan.text = ''
  plan.source = null
  plan.framing = ContentFraming.Whole
  plan.persist = true
  return plan
}

function planAnew(reply: Reply, facts: ReplyFacts): ReplyPlan {
  const { status, body } = reply
  checkReply(reply, facts.method)
  readFields(reply.headers)
  const streamed = isSource(body) || reply.codings !== undefined || hasTrailers(reply, facts)

  plan.text = ''
  plan.content = null
  plan.source = null
  plan.framing = ContentFraming.Whole
  plan.persist = facts.persist && !said.close
  if (hasNoContent(status) || reply.takeOver) {
    plan.source = streamed ? body : null
    plan.head = head(reply, emptyFraming(status), facts)
  } else if (streamed) planStream(reply, facts)
  else planWhole(reply, facts)

  if (facts.method === 'HEAD') {
    // The same head as GET, and no content (RFC 9110 §9.3.2).
    plan.text = ''
    plan.content = null
    plan.framing = ContentFraming.Whole
  }
  return plan
}

/** A reply that was written before need not be planned again. False: it was not. */
function planWritten(
  { status, statusText, flat, trailers, codings, takeOver }: Reply,
  text: string,
  facts: ReplyFacts,
): boolean {
  const { method, persist, written } = facts
  if (statusText !== '' || codings !== undefined) return false
  if (trailers !== undefined || takeOver !== undefined || method === 'HEAD' || method === 'CONNECT') return false
  const whole = written.recall(status, text, flat, persist)
  if (whole === '') return false
  plan.head = whole
  plan.text = ''
  plan.content = null
  plan.source = null
  plan.framing = ContentFraming.Whole
  plan.persist = persist
  return true
}

/** Content that is produced piece by piece. */
function planStream(reply: Reply, facts: ReplyFacts): void {
  let framing = ''
  plan.source = reply.body ?? ''
  const { codings } = reply
  // Only chunks mark the end of encoded content, and HTTP/1.0 has neither (RFC 9112 §6.1).
  if (codings !== undefined && facts.minorVersion === 0)
    throw new RangeError(`The transfer coding ${codings} cannot be sent to a client of HTTP/1.0`)
  if (said.length >= 0 && codings === undefined) {
    plan.framing = ContentFraming.Length
    plan.length = said.length
    framing = lengthLine(said.length)
  } else if (facts.minorVersion === 1) {
    plan.framing = ContentFraming.Chunked
    framing = codings === undefined ? 'Transfer-Encoding: chunked\r\n' : `Transfer-Encoding: ${codings}, chunked\r\n`
  } else {
    plan.framing = ContentFraming.UntilClose
    plan.persist = false
  }
  plan.head = head(reply, framing, facts)
}

/** Content that is in memory. */
function planWhole(reply: Reply, facts: ReplyFacts): void {
  const { status, body } = reply
  const isHead = facts.method === 'HEAD'
  let length = 0
  if (isHead && reply.body === null && said.length < 0) {
    // It is not known what GET would have said (RFC 9110 §8.6).
    plan.head = head(reply, '', facts)
    return
  }
  if (typeof body === 'string' && isAscii(body)) {
    plan.text = body
    length = body.length
  } else if (body !== null) {
    plan.content = typeof body === 'string' ? Buffer.from(body) : (body as Uint8Array)
    length = plan.content.length
  }
  if (said.length >= 0 && said.length !== length) {
    if (!isHead || body !== null) throw new RangeError(`Content-Length: ${said.length} was set for ${length} bytes`)
    length = said.length
  }
  if (reply.statusText !== '') {
    plan.head = head(reply, lengthLine(length), facts)
    if (!isHead && length > wholeBytes) sliceWhole(length)
    return
  }
  const written = facts.written.find(status, length, plan.persist, said)
  plan.head = written.head
  if (isHead) return
  if (length > wholeBytes) return sliceWhole(length)
  const whole = plan.text === '' ? '' : wholeReply(written, plan.text)
  if (whole === '') return
  plan.head = whole
  plan.text = ''
}

/** Too much content for one write. */
function sliceWhole(length: number): void {
  plan.source = plan.content ?? Buffer.from(plan.text, 'latin1')
  plan.framing = ContentFraming.Length
  plan.length = length
  plan.content = null
  plan.text = ''
}

/** No content, and no Content-Length except the one that a 304 may repeat, and a 205's (RFC 9110 §8.6, §15.3.6). */
function emptyFraming(status: number): string {
  if (status === 304 && said.length >= 0) return lengthLine(said.length)
  return status === 205 ? lengthLine(0) : ''
}

function lengthLine(length: number): string {
  return `Content-Length: ${length}\r\n`
}

function head({ status, statusText, takeOver }: Reply, framing: string, facts: ReplyFacts): string {
  const { written } = facts
  const first = statusText !== '' && isFieldValue(statusText) ? statusLine(status, statusText) : statusLine(status)
  const upgrade = status === 101 ? 'Connection: Upgrade\r\n\r\n' : '\r\n'
  const ending = takeOver ? upgrade : written.persistence(plan.persist, said.upgrade)
  return written.head(first, said, framing, ending)
}

const none: ReplyHeaders = new ReplyHeaders()

/** The head of an interim reply: fields that say how a message ends are not allowed in it. */
export function interimHead(status: number, headers?: ReplyHeaders): string {
  readFields(headers ?? none)
  return `${statusLine(status)}${said.text}\r\n`
}

/** Trailers need chunks, so a reply that has some is streamed even when its content is in memory. */
function hasTrailers(reply: Reply, facts: ReplyFacts): boolean {
  return reply.trailers !== undefined && facts.minorVersion === 1
}

/** Serializes the handler's fields, except those that say how the message and the connection end: core writes these. */
function readFields({ flat, isShared }: ReplyHeaders): void {
  if (flat === said.flat) return
  said.flat = null
  said.text = ''
  said.length = -1
  said.close = false
  said.date = false
  said.upgrade = false
  for (let i = 0; i < flat.length; i += 3) if (!isCores(flat[i]!, flat[i + 1]!)) said.text += flat[i + 2]!
  // Only now: a field that cannot be sent has thrown above, and must throw again the next time.
  if (isShared) said.flat = flat
}

function isCores(name: string, value: string): boolean {
  switch (name.length) {
    case 4:
      if (name.toLowerCase() === 'date') said.date = true
      return false
    case 7:
      if (name.toLowerCase() === 'upgrade') said.upgrade = true
      return false
    case 10: {
      const lower = name.toLowerCase()
      if (lower === 'connection') said.close ||= hasToken(value, 'close')
      return lower === 'connection' || lower === 'keep-alive'
    }
    case 14: {
      if (name.toLowerCase() !== 'content-length') return false
      said.length = lengthOf(value)
      return true
    }
    case 17:
      return name.toLowerCase() === 'transfer-encoding'
    default:
      return false
  }
}
