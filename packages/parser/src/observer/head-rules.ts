// Mistakes in heads, and how reading continues after them.
import { COLON, CR, isBlank, isToken, LF } from '../bytes.ts'
import { RequestHead } from '../request-head.ts'
import type { ResponseHead } from '../response-head.ts'
import type { Draft } from './draft.ts'
import type { Mended, Rule } from './rule.ts'

/** The index in `spans` of the field line that contains `p`. */
function fieldAt(head: RequestHead | ResponseHead, p: number): number {
  for (let i = head.fieldCount * 4 - 4; i > 0; i -= 4) if (head.spans[i]! <= p) return i
  return 0
}

/** Makes the strict parser see an unknown field. */
function hide(draft: Draft, head: RequestHead | ResponseHead, i: number): true {
  draft.mask(head.spans[i]!, '~')
  return true
}

function valueOf(draft: Draft, head: RequestHead | ResponseHead, i: number): string {
  return draft.text(head.spans[i + 2]!, head.spans[i + 3]!)
}

/** Makes the strict parser see this instead of the field's value. */
function maskValue(draft: Draft, head: RequestHead | ResponseHead, i: number, text: string): true {
  draft.mask(head.spans[i + 2]!, text.padEnd(head.spans[i + 3]! - head.spans[i + 2]!))
  return true
}

/** A text of the same length with `~` for each character that is not allowed in a token. */
function asToken(text: string): string {
  return text.replaceAll(/./gs, (c) => (isToken(c) ? c : '~'))
}

function dropLine(draft: Draft, p: number): Mended {
  const end = draft.lineEnd(p)
  if (end < 0) return 'line'
  draft.replace(draft.lineStart(p), end + 1, '')
  return true
}

/** A line end in front of whitespace becomes whitespace, too. */
function unfold(draft: Draft, p: number): Mended {
  draft.replace(p - 2, p, '  ')
  return true
}

function addCarriageReturn(draft: Draft, p: number): Mended {
  if (draft.bytes[p] !== LF) return false
  draft.replace(p, p, '\r')
  return true
}

/** A carriage return that is not followed by a line feed becomes a space. */
function blankCarriageReturn(draft: Draft, p: number): Mended {
  if (draft.bytes[p - 1] !== CR) return false
  draft.replace(p - 1, p, ' ')
  return true
}

function blankControl(draft: Draft, p: number): Mended {
  draft.replace(p, p + 1, ' ')
  return true
}

function dropBlanksBeforeColon(draft: Draft, p: number): Mended {
  const end = draft.lineEnd(p)
  if (end < 0) return 'line'
  let colon = p
  while (isBlank(draft.bytes[colon]!)) colon++
  if (draft.bytes[colon] !== COLON) return false
  draft.replace(p, colon, '')
  return true
}

/** Replaces each stretch with `text`, unless it is that already, starting with the last one. */
function replaceAll(draft: Draft, ...stretches: [from: number, to: number, text: string][]): void {
  for (const [from, to, text] of stretches.toReversed())
    if (draft.text(from, to) !== text) draft.replace(from, to, text)
}

/** A line whose last word is a version, and that has at least two words before it, is a request line. */
function mendRequestLine(draft: Draft, p: number): Mended {
  const end = draft.lineEnd(p)
  if (end < 0) return 'line'
  const start = draft.lineStart(p)
  const stop = draft.bytes[end - 1] === CR ? end - 1 : end
  const { from, to, words } = wordsOf(draft.text(start, stop))
  const [method] = words
  const version = words.at(-1)
  if (words.length < 3 || !/^HTTP\/\d\.\d$/i.test(version!.text) || !/^[!-~]+$/.test(method!.text)) return false
  const [first, last] = [words[1]!, words.at(-2)!]
  // the target of CONNECT has a port
  if (method!.text === 'CONNECT' && last.to - first.from < 3) return false
  const target = draft.text(start + first.from, start + last.to)
  replaceAll(
    draft,
    [start, start + from, ''],
    [start + method!.to, start + first.from, ' '],
    [start + last.to, start + version!.from, ' '],
    [start + to, stop, ''],
  )
  draft.mask(start, `${asToken(method!.text)} ${asTarget(method!.text, target)} ${version!.text.toUpperCase()}`)
  return true
}

interface Word {
  readonly from: number
  readonly to: number
  readonly text: string
}

/** The words of a line, and where the first one starts and the last one ends. */
function wordsOf(line: string): { readonly from: number; readonly to: number; readonly words: readonly Word[] } {
  const words = Array.from(line.matchAll(/[^\t ]+/g), ({ 0: text, index }) => ({
    from: index,
    to: index + text.length,
    text,
  }))
  return { from: words[0]?.from ?? line.length, to: words.at(-1)?.to ?? line.length, words }
}

/** A text of the same length that is a valid target for this method. */
function asTarget(method: string, target: string): string {
  const line = `${asToken(method)} ${target} HTTP/1.0\r\n\r\n`
  const bytes = Uint8Array.from(line, (c) => c.charCodeAt(0))
  const limits = { targetBytes: Infinity, headBytes: Infinity, methodBytes: Infinity }
  if (new RequestHead(limits).parse(bytes, 0, bytes.length) > 0) return target
  return method === 'CONNECT' ? `${'~'.repeat(target.length - 2)}:1` : '/'.padEnd(target.length, '~')
}

/** A status line of any version whose status has three digits. */
function mendStatusLine(draft: Draft, p: number): Mended {
  const end = draft.lineEnd(p)
  if (end < 0) return 'line'
  const stop = draft.bytes[end - 1] === CR ? end - 1 : end
  const { from, words } = wordsOf(draft.text(0, stop))
  const [version, status, reason] = words
  if (status === undefined || !/^(ICY|HTTP\/\d(\.\d)?)$/i.test(version!.text) || !/^[1-9]\d\d$/.test(status.text))
    return false
  const isOld = /^(ICY|HTTP\/[01](\.0)?)$/i.test(version!.text)
  replaceAll(
    draft,
    [0, from, ''],
    [from, version!.to, `HTTP/1.${isOld ? 0 : 1}`],
    [version!.to, status.from, ' '],
    [status.to, reason?.from ?? stop, ' '],
  )
  return true
}

/** The mistakes in heads after which reading can continue. */
export type HeadRuleName =
  | 'reasonLeftOut'
  | 'foldedLines'
  | 'otherCodingLast'
  | 'lineFeeds'
  | 'carriageReturns'
  | 'linesBefore'
  | 'requestLine'
  | 'statusLine'
  | 'controls'
  | 'blanksBeforeFields'
  | 'blanksBeforeColon'
  | 'fieldNames'
  | 'hosts'
  | 'hostLeftOut'
  | 'sameLengths'
  | 'lengths'
  | 'codingAndLength'
  | 'codings'
  | 'codingInOldVersion'

/** How to read after each mistake, by the names that profiles use. In the order in which they are tried. */
export const headRules: Readonly<Record<HeadRuleName, Rule>> = {
  reasonLeftOut: {
    codes: ['INVALID_STATUS'],
    side: 'response',
    lenient: 'user agents read a status line that ends behind its status',
    inHead: (draft, p) => {
      const c = draft.bytes[p]
      if (p !== 12 || (c !== CR && c !== LF)) return false
      draft.replace(p, p, ' ')
      return true
    },
  },
  foldedLines: {
    codes: ['OBSOLETE_FOLDING'],
    lenient: 'user agents and proxies put spaces in place of the line end',
    inHead: unfold,
    inFraming: unfold,
  },
  otherCodingLast: {
    codes: ['CODING_INVALID'],
    side: 'response',
    lenient: 'user agents read such a response until the connection ends',
    inHead: (draft, p, head) => {
      const i = fieldAt(head, p)
      return !/(^|,)[\t ]*chunked$/i.test(valueOf(draft, head, i)) && hide(draft, head, i)
    },
  },
  lineFeeds: {
    codes: ['INVALID_LINE_END'],
    lenient: 'nginx, curl and browsers take a line feed alone for the end of a line',
    inHead: addCarriageReturn,
    inFraming: addCarriageReturn,
  },
  carriageReturns: {
    codes: ['INVALID_LINE_END'],
    lenient: 'a carriage return alone may be taken for a space (RFC 9112 §2.2)',
    inHead: blankCarriageReturn,
    inFraming: blankCarriageReturn,
  },
  linesBefore: {
    codes: ['INVALID_VERSION'],
    side: 'response',
    lenient: 'clients skip empty lines in front of a response',
    inHead: (draft, p) => {
      // the report must not depend on how much of the line has arrived
      const lf = draft.lineEnd(0)
      if (lf < 0) return 'line'
      const end = lf === 0 || (lf === 1 && draft.bytes[0] === CR) ? lf + 1 : 0
      if (p >= end) return false
      draft.replace(0, end, '')
      return true
    },
  },
  requestLine: {
    codes: ['INVALID_METHOD', 'INVALID_TARGET', 'INVALID_VERSION', 'VERSION_UNSUPPORTED'],
    side: 'request',
    lenient: 'many servers split the request line at its blanks and hand its parts on',
    isVague: true,
    inHead: (draft, p, head) => {
      if (head.error !== 'VERSION_UNSUPPORTED') return mendRequestLine(draft, p)
      // versions before 1.0 have no fields, later ones have those of 1.1
      draft.mask(p, draft.bytes[p] === 0x30 ? '1.0' : '1.1')
      return true
    },
  },
  statusLine: {
    codes: ['INVALID_STATUS', 'INVALID_VERSION', 'VERSION_UNSUPPORTED'],
    side: 'response',
    lenient: 'clients look for three digits behind the first word',
    isVague: true,
    inHead: (draft, p) => mendStatusLine(draft, p),
  },
  controls: {
    codes: ['INVALID_REASON', 'INVALID_FIELD_VALUE'],
    lenient: 'some put a space in its place (RFC 9110 §5.5), some leave it in',
    isVague: true,
    inHead: blankControl,
    inFraming: blankControl,
  },
  blanksBeforeFields: {
    codes: ['LEADING_WHITESPACE'],
    lenient: 'the line may be skipped (RFC 9112 §2.2)',
    inHead: dropLine,
    inFraming: dropLine,
  },
  blanksBeforeColon: {
    codes: ['FIELD_NAME_WHITESPACE'],
    lenient: 'proxies take the whitespace out of responses (RFC 9112 §5.1), some servers out of requests',
    inHead: dropBlanksBeforeColon,
    inFraming: dropBlanksBeforeColon,
  },
  fieldNames: {
    codes: ['FIELD_NAME_WHITESPACE', 'INVALID_FIELD_NAME', 'COLON_MISSING'],
    lenient: 'nginx and browsers skip the line, others take everything in front of its colon for the name',
    isVague: true,
    inHead: (draft, p) => {
      const end = draft.lineEnd(p)
      if (end < 0) return 'line'
      const start = draft.lineStart(p)
      const name = draft.text(start, end).split(':', 1)[0]!
      if (name === '' || start + name.length === end || /[^\t -\xff]/.test(name)) return dropLine(draft, p)
      draft.mask(start, asToken(name))
      return true
    },
    inFraming: dropLine,
  },
  hosts: {
    codes: ['HOST_REPEATED', 'HOST_INVALID'],
    side: 'request',
    lenient: 'many hand Host on as it is, and route by the first or the last one',
    inHead: (draft, p, head) => hide(draft, head, fieldAt(head, p)),
  },
  hostLeftOut: {
    codes: ['HOST_MISSING', 'HOST_INVALID'],
    side: 'request',
    lenient: 'some servers have a host for requests that name none',
    inHead: (draft, p, head) => {
      draft.pretend(draft.lineEnd(head.versionStart) + 1, 'Host: ~\r\n')
      return true
    },
  },
  sameLengths: {
    codes: ['LENGTH_INVALID', 'LENGTH_CONFLICT'],
    lenient: 'the same length twice may be taken for one (RFC 9112 §6.3)',
    inHead: (draft, p, head) => {
      const i = fieldAt(head, p)
      const value = valueOf(draft, head, i)
      const first = value.split(',', 1)[0]!.trim()
      if (!/^\d+$/.test(first) || value.split(',').some((one) => one.trim() !== first)) return false
      const earlier = lengthBefore(draft, head, i)
      if (earlier < 0) return maskValue(draft, head, i, first)
      return valueOf(draft, head, earlier) === first && hide(draft, head, i)
    },
  },
  lengths: {
    codes: ['LENGTH_INVALID', 'LENGTH_CONFLICT', 'LENGTH_TOO_LARGE'],
    lenient: 'some go by the first length, and ignore it when it is not a number',
    inHead: (draft, p, head) => hide(draft, head, fieldAt(head, p)),
  },
  codingAndLength: {
    codes: ['CODING_WITH_LENGTH'],
    lenient: 'Transfer-Encoding overrides Content-Length (RFC 9112 §6.3)',
    inHead: (draft, p, head) => {
      const i = lengthBefore(draft, head, head.fieldCount * 4)
      return i >= 0 && hide(draft, head, i)
    },
  },
  codings: {
    codes: ['CODING_INVALID', 'CODING_UNSUPPORTED'],
    lenient: 'many only look whether the last coding is chunked',
    inHead: (draft, p, head) => {
      const i = fieldAt(head, p)
      const value = valueOf(draft, head, i)
      const isLast = value.length > 'chunked'.length && value.toLowerCase().endsWith('chunked')
      return isLast ? maskValue(draft, head, i, 'chunked') : hide(draft, head, i)
    },
  },
  codingInOldVersion: {
    codes: ['CODING_IN_HTTP10'],
    lenient: 'many read chunks whatever the version, and close the connection behind them',
    inHead: (draft, _p, head) => {
      draft.mask(head.versionStart + 7, '1')
      draft.isOld = true
      return true
    },
  },
}

/** The last Content-Length before the field at `i`, or -1. */
function lengthBefore(draft: Draft, head: RequestHead | ResponseHead, i: number): number {
  let at = i - 4
  while (at >= 0 && !/^content-length$/i.test(draft.text(head.spans[at]!, head.spans[at + 1]!))) at -= 4
  return at
}
