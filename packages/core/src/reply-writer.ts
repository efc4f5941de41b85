import { hasToken } from '@spillway/parser/fields'
import { statusLine } from '@spillway/parser/serialize'
import type { KeptReply } from './kept-reply.ts'
import type { BodySource, Reply } from './reply.ts'
import { type KnownReplies, wholeReply } from './known-replies.ts'
import { ReplyHeaders } from './reply-headers.ts'

/** How the content of a reply is delimited on the wire (RFC 9112 §6.3). */
export const ContentFraming = {
  /** Complete within the plan. */
  Whole: 0,
  /** Streamed, Content-Length was announced. */
  Length: 1,
  /** Streamed in chunks. */
  Chunked: 2,
  /** Streamed, ends with the connection: HTTP/1.0 knows nothing better. */
  UntilClose: 3,
} as const
export type ContentFraming = (typeof ContentFraming)[keyof typeof ContentFraming]

/** What goes out for a reply. Reused: valid until the next call of {@link planReply}. */
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
  /** Announced length of streamed content. */
  length: number
  persist: boolean
}

/** What a plan depends on beside the reply. */
export interface ReplyFacts {
  readonly method: string
  readonly minorVersion: 0 | 1
  /** Whether the connection may be kept, as far as the request and the server are concerned. */
  readonly persist: boolean
  readonly known: KnownReplies
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

/** Most bytes written at once. A reader that takes less than one slice within `timeouts.writeStall` counts as stuck. */
export const sliceBytes: number = 512 * 1024

/** Longer content at hand is streamed: other connections want a turn, too. */
const wholeBytes = 2 * sliceBytes

/** What the fields of a reply say, beside those that core writes itself. Reused: valid until the next {@link readFields}. */
const own = {
  /** The list that was read, when it cannot have changed since. */
  flat: null as readonly string[] | null,
  text: '',
  length: -1,
  close: false,
  date: false,
  upgrade: false,
}

/**
 * Decides what a reply looks like on the wire: framing, persistence, and the rules of HEAD, 204, 205 and 304.
 * @throws RangeError when the status or a Content-Length set by the handler cannot be true; TypeError when the content
 * is none.
 */
export function planReply(reply: Reply, facts: ReplyFacts): ReplyPlan {
  const { body, kept } = reply
  if (typeof body === 'string' && planKnown(reply, body, facts)) return plan
  return kept === undefined ? planAnew(reply, facts) : planKept(kept, reply, facts)
}

function planKept(kept: KeptReply, reply: Reply, facts: ReplyFacts): ReplyPlan {
  if (!kept.matches(reply)) return planAnew(reply, facts)
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
  const streamed =
    (typeof body === 'object' && body !== null && !(body instanceof Uint8Array)) || hasTrailers(reply, facts)

  plan.text = ''
  plan.content = null
  plan.source = null
  plan.framing = ContentFraming.Whole
  plan.persist = facts.persist && !own.close
  if (hasNoContent(status) || reply.takeOver) {
    plan.source = streamed ? body : null
    plan.head = head(status, emptyFraming(status), facts, reply)
  } else if (streamed) planStream(reply, facts)
  else planWhole(reply, facts)

  if (facts.method === 'HEAD') {
    // The same head as GET, and nothing behind it (RFC 9110 §9.3.2).
    plan.text = ''
    plan.content = null
    plan.framing = ContentFraming.Whole
  }
  return plan
}

/** A reply that was written before needs no second thought. False: it was not. */
function planKnown({ status, flat, trailers, takeOver }: Reply, text: string, facts: ReplyFacts): boolean {
  const { method, persist, known } = facts
  if (trailers !== undefined || takeOver !== undefined || method === 'HEAD' || method === 'CONNECT') return false
  const whole = known.recall(status, text, flat, persist)
  if (whole === '') return false
  plan.head = whole
  plan.text = ''
  plan.content = null
  plan.source = null
  plan.framing = ContentFraming.Whole
  plan.persist = persist
  return true
}

/** Content that comes piece by piece. */
function planStream(reply: Reply, facts: ReplyFacts): void {
  let framing = ''
  plan.source = reply.body
  if (own.length >= 0) {
    plan.framing = ContentFraming.Length
    plan.length = own.length
    framing = lengthLine(own.length)
  } else if (facts.minorVersion === 1) {
    plan.framing = ContentFraming.Chunked
    framing = 'Transfer-Encoding: chunked\r\n'
  } else {
    plan.framing = ContentFraming.UntilClose
    plan.persist = false
  }
  plan.head = head(reply.status, framing, facts, reply)
}

/** Content that is at hand. */
function planWhole({ status, body }: Reply, facts: ReplyFacts): void {
  const isHead = facts.method === 'HEAD'
  let length = 0
  if (typeof body === 'string' && isAscii(body)) {
    plan.text = body
    length = body.length
  } else if (body !== null) {
    plan.content = typeof body === 'string' ? Buffer.from(body) : (body as Uint8Array)
    length = plan.content.length
  }
  if (own.length >= 0 && own.length !== length) {
    if (!isHead || body !== null) throw new RangeError(`Content-Length: ${own.length} was set for ${length} bytes`)
    length = own.length
  }
  const known = facts.known.find(status, length, plan.persist, own)
  plan.head = known.head
  if (isHead) return
  if (length > wholeBytes) return sliceWhole(length)
  const whole = plan.text === '' ? '' : wholeReply(known, plan.text)
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

/** No content, and no Content-Length but the one a 304 may repeat, and a 205's (RFC 9110 §8.6, §15.3.6). */
function emptyFraming(status: number): string {
  if (status === 304 && own.length >= 0) return lengthLine(own.length)
  return status === 205 ? lengthLine(0) : ''
}

function lengthLine(length: number): string {
  return `Content-Length: ${length}\r\n`
}

function head(status: number, framing: string, facts: ReplyFacts, { takeOver }: Reply): string {
  const { known } = facts
  const date = own.date ? '' : known.dateLine
  const upgrade = status === 101 ? 'Connection: Upgrade\r\n\r\n' : '\r\n'
  const ending = takeOver ? upgrade : known.persistence(plan.persist, own.upgrade)
  return statusLine(status) + own.text + framing + date + ending
}

const none: ReplyHeaders = new ReplyHeaders()

/** The head of an interim reply: whatever says how a message ends has no place in it. */
export function interimHead(status: number, headers?: ReplyHeaders): string {
  readFields(headers ?? none)
  return `${statusLine(status)}${own.text}\r\n`
}

/** Whether a reply with this status has none, whatever the handler gave (RFC 9110 §15.3.5, §15.3.6, §15.4.5). */
export function hasNoContent(status: number): boolean {
  return status === 204 || status === 205 || status === 304
}

/**
 * What has to be true of every reply, whatever the protocol.
 * @throws RangeError when the status is none that may be sent; TypeError when the content is none.
 */
export function checkReply({ status, body, takeOver }: Reply, method: string): void {
  if (!Number.isInteger(status) || status > 599 || status < (takeOver ? 101 : 200))
    throw new RangeError(`Not a final status: ${status}`)
  // What follows a 2xx to CONNECT is the tunnel, whatever the reply says (RFC 9110 §9.3.6).
  if (method === 'CONNECT' && status < 300 && !takeOver) throw new RangeError('CONNECT is accepted with c.upgrade')
  if (typeof body !== 'object' && typeof body !== 'string')
    throw new TypeError('The content of a reply is text, bytes, or a stream of them')
}

/** Trailers need chunks, so a reply that has some is streamed even when its content is at hand. */
function hasTrailers(reply: Reply, facts: ReplyFacts): boolean {
  return reply.trailers !== undefined && facts.minorVersion === 1
}

/** Serializes the handler's fields, but for those that say how the message and the connection end: these are core's. */
function readFields({ flat, isShared }: ReplyHeaders): void {
  if (flat === own.flat) return
  own.flat = null
  own.text = ''
  own.length = -1
  own.close = false
  own.date = false
  own.upgrade = false
  for (let i = 0; i < flat.length; i += 3) if (!isOwn(flat[i]!, flat[i + 1]!)) own.text += flat[i + 2]!
  // Not before they are known to be good.
  if (isShared) own.flat = flat
}

function isOwn(name: string, value: string): boolean {
  switch (name.length) {
    case 4:
      if (name.toLowerCase() === 'date') own.date = true
      return false
    case 7:
      if (name.toLowerCase() === 'upgrade') own.upgrade = true
      return false
    case 10: {
      const lower = name.toLowerCase()
      if (lower === 'connection') own.close ||= hasToken(value, 'close')
      return lower === 'connection' || lower === 'keep-alive'
    }
    case 14: {
      if (name.toLowerCase() !== 'content-length') return false
      if (!/^\d{1,15}$/.test(value)) throw new RangeError(`Not a Content-Length: ${value}`)
      own.length = Number(value)
      return true
    }
    case 17:
      return name.toLowerCase() === 'transfer-encoding'
    default:
      return false
  }
}

/** Whether text is the same bytes in ASCII, latin1 and UTF-8, so that it can be written with the head in one string. */
export function isAscii(text: string): boolean {
  if (text.length > 64) return Buffer.byteLength(text) === text.length
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}
