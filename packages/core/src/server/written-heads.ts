// Heads that were written before, so that they can be written again without work.
import { statusLine } from '@spillway/parser/serialize'

/** Characters of content text that are remembered together with the head before it. */
const rememberedText = 256

/** A head that was written before. */
export interface WrittenHead {
  status: number
  length: number
  persist: boolean
  fields: string
  /** The list that `fields` were made from, while it cannot change. */
  flat: readonly string[] | null
  /** The head, in one piece from its second use on. */
  head: string
  isFlat: boolean
  /** The text that followed it last. */
  text: string
  /** Head and text in one piece, once the same text has been sent again; otherwise empty. */
  whole: string
}

/** The fields of a reply, serialized. */
export interface WrittenFields {
  readonly text: string
  /** Whether a date is among them. */
  readonly date: boolean
  /** Whether they offer another protocol. */
  readonly upgrade: boolean
  /** The list they were made from, if it cannot change. */
  readonly flat: readonly string[] | null
}

/**
 * Small replies are often repeated: error texts, redirects, health checks. As one piece they cost nothing to make and
 * little to write; joining the parts again would cost more than everything else about such a reply. One for each server.
 */
export class WrittenHeads {
  /** The last lines of a head whose connection is kept, including the empty one. */
  readonly keepAliveLines: string
  #dateLine = ''
  // decision 012
  readonly #replies: readonly WrittenHead[] = Array.from({ length: 16 }, () => ({
    status: 0,
    length: 0,
    persist: true,
    fields: '',
    flat: null,
    head: '',
    isFlat: false,
    text: '',
    whole: '',
  }))

  constructor(keepAliveLines: string) {
    this.keepAliveLines = keepAliveLines
  }

  /** `Date` with its line end. What was written contains the date of its second. */
  get dateLine(): string {
    return this.#dateLine
  }

  set dateLine(line: string) {
    if (line === this.#dateLine) return
    this.#dateLine = line
    for (const reply of this.#replies) reply.status = 0
  }

  /** A whole reply, if it was written before; otherwise empty. @param flat a list that cannot have changed since. */
  recall(status: number, text: string, flat: readonly string[], persist: boolean): string {
    const written = this.#replies[(status ^ text.length) & 15]!
    const isSame =
      written.status === status && written.persist === persist && written.flat === flat && written.text === text
    return isSame ? written.whole : ''
  }

  /** A reply whose content is in memory. */
  find(status: number, length: number, persist: boolean, fields: WrittenFields): WrittenHead {
    const written = this.#replies[(status ^ length) & 15]!
    const isSame =
      written.length === length &&
      written.status === status &&
      written.persist === persist &&
      written.fields === fields.text
    if (!isSame) this.#learn(written, status, length, persist, fields)
    else if (!written.isFlat) {
      written.head = flatten(written.head)
      written.isFlat = true
    }
    written.flat = fields.flat
    return written
  }

  #learn(written: WrittenHead, status: number, length: number, persist: boolean, fields: WrittenFields): void {
    written.status = status
    written.length = length
    written.persist = persist
    written.fields = fields.text
    const ending = this.persistence(persist, fields.upgrade)
    written.head = this.head(statusLine(status), fields, `Content-Length: ${length}\r\n`, ending)
    written.isFlat = false
    written.text = ''
    written.whole = ''
  }

  /**
   * The head of a reply: the only place where one is made, whether it is remembered or not.
   * @param first its status line. @param ending its last lines, including the empty one.
   */
  head(first: string, { text, date }: WrittenFields, framing: string, ending: string): string {
    return first + text + framing + (date ? '' : this.#dateLine) + ending
  }

  /** The last lines of a head. @param upgrade whether it has an Upgrade field, which is for this connection alone (RFC 9110 §7.8). */
  persistence(persist: boolean, upgrade: boolean): string {
    const lines = persist ? this.keepAliveLines : 'Connection: close\r\n\r\n'
    return upgrade ? lines.replace('\r\n', ', Upgrade\r\n') : lines
  }
}

/** The head followed by `text`, if the two were sent together before; otherwise empty. */
export function wholeReply(written: WrittenHead, text: string): string {
  if (written.text === text) return (written.whole ||= flatten(written.head + text))
  written.whole = ''
  written.text = text.length > rememberedText ? '' : text
  return ''
}

/** A flat string instead of a tree of parts. */
function flatten(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

/** What a plan depends on in addition to the reply. */
export interface ReplyFacts {
  readonly method: string
  readonly minorVersion: 0 | 1
  /** Whether the connection may be kept, as far as the request and the server are concerned. */
  readonly persist: boolean
  readonly written: WrittenHeads
}
