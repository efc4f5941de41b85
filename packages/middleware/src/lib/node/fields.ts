// Fields in the forms that Node's messages have.
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { ReplyHeaders } from '@spillway/core'
import { hasToken } from '@spillway/parser/fields'
import { isFieldValue, isToken } from '@spillway/parser/serialize'
import { coded } from './failures.ts'
import { type Fields, type Outgoing, outFields } from './internals.ts'
import { trimBlanks } from '../http/trim-blanks.ts'

/** The head of a response: its fields, also as text. */
export class Head {
  readonly headers: ReplyHeaders
  text: string = ''
  /** Content-Length, where it is among them. */
  length: number | undefined = undefined
  /** Transfer codings other than chunked, which core adds. */
  codings: string | undefined = undefined
  readonly #flat: string[] = []
  readonly #unique: ReadonlySet<string> | undefined
  #closes = false
  #hasTrailer = false

  /**
   * From fields that were set one by one or passed to `writeHead`. Core decides how the message ends and whether the connection is kept.
   * @param unique names in lower case of fields that are sent in one line.
   * @throws TypeError and RangeError, with Node's codes, for a name, a value or a list that cannot be sent.
   */
  constructor(message: Outgoing, given: Fields, unique?: ReadonlySet<string>) {
    this.#unique = unique
    if (given !== undefined && given === message[outFields]) {
      const all = given as Record<string, readonly [string, unknown]>
      for (const key in all) this.#addAll(all[key]![0], all[key]![1])
    } else if (Array.isArray(given)) this.#addList(given as readonly unknown[])
    else if (given) for (const name of Object.keys(given)) this.#addAll(name, (given as Record<string, unknown>)[name])
    if (this.#hasTrailer && this.length !== undefined)
      throw coded(new Error('Trailers are invalid with this transfer encoding'), 'ERR_HTTP_TRAILER_INVALID')
    if (!message.shouldKeepAlive && !this.#closes) this.add('Connection', 'close')
    this.headers = new ReplyHeaders(this.#flat)
  }

  #addList(list: readonly unknown[]): void {
    if (Array.isArray(list[0])) {
      for (const [name, value] of list as readonly [string, unknown][]) this.#addAll(name, value)
      return
    }
    if (list.length % 2 !== 0)
      throw coded(new TypeError('A list of fields has a value for each name'), 'ERR_INVALID_ARG_VALUE')
    for (let i = 0; i < list.length; i += 2) this.#addAll(list[i] as string, list[i + 1])
  }

  /** One line for each value of a list; those of Cookie, and of fields that are unique, are joined. */
  #addAll(name: string, value: unknown): void {
    if (!Array.isArray(value)) this.add(name, value)
    else if (isNamed(name, 'cookie') || this.#unique?.has(name.toLowerCase())) this.add(name, value.join('; '))
    else for (const one of value as unknown[]) this.add(name, one)
  }

  add(name: string, value: unknown): void {
    // Blanks around a value have no meaning (RFC 9110 §5.5).
    // oxlint-disable-next-line typescript/no-base-to-string -- as in Node, any value is converted to text
    const text = value === undefined ? '' : trimBlanks(String(value))
    if (value === undefined || !isToken(name) || !isFieldValue(text)) refuse(name, value)
    const line = `${name}: ${text}\r\n`
    this.#flat.push(name, text, line)
    this.text += line
    if (isNamed(name, 'content-length')) this.length = Number(text)
    else if (isNamed(name, 'transfer-encoding')) this.codings = codingsOf(text)
    else if (isNamed(name, 'trailer')) this.#hasTrailer = true
    else if (isNamed(name, 'connection')) this.#closes ||= hasToken(text, 'close')
  }
}

/** @throws TypeError for something that is not a list of tokens. */
function codingsOf(value: string): string | undefined {
  const codings = value.split(',').map(trimBlanks)
  if (!codings.every(isToken)) throw new TypeError(`No transfer codings: ${value}`)
  return codings.filter((coding) => !/^(?:chunked|identity)$/i.test(coding)).join(', ') || undefined
}

function isNamed(name: string, lowerCase: string): boolean {
  return name.length === lowerCase.length && name.toLowerCase() === lowerCase
}

/** @throws what Node throws for this field, which cannot be sent. */
function refuse(name: string, value: unknown): never {
  validateHeaderName(name)
  validateHeaderValue(name, value as string)
  throw coded(new TypeError(`Invalid character in header content ["${name}"]`), 'ERR_INVALID_CHAR')
}

/** Names as written and values, alternating, from field lines that are known to be valid, starting at an offset in a text. */
export function linesOf(text: string, from: number = 0): string[] {
  const lines: string[] = []
  for (let at = from, end; (end = text.indexOf('\r\n', at)) > at; at = end + 2) {
    const colon = text.indexOf(':', at)
    lines.push(text.slice(at, colon), trimBlanks(text.slice(colon + 1, end)))
  }
  return lines
}

/** The same in pairs. */
export function pairsOf(text: string, from: number = 0): [name: string, value: string][] {
  const lines = linesOf(text, from)
  return Array.from({ length: lines.length / 2 }, (_, i) => [lines[2 * i]!, lines[2 * i + 1]!])
}
