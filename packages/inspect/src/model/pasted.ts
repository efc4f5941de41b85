// Extracts bytes from the output of tools, which is what people have at hand when they want to see bytes.

import { archivedBytes, archivedEntries } from './archive.ts'
import { crlf, writtenRequest } from './written.ts'

type Side = 'request' | 'response'

/** Bytes found in pasted text, and what it was. */
export interface Pasted {
  /** What the text is, to be shown to the user. */
  readonly what: string
  readonly bytes: Uint8Array
  /** Missing where the text does not say. */
  readonly side?: Side
}

const utf8 = new TextEncoder()

/**
 * Finds the bytes in the output of a tool: `curl -v`, a curl command line, `hexdump -C`, `xxd`, `tcpdump -X`, an HTTP
 * Archive, fields as browsers copy them.
 * @param side to take if the text has both.
 * @returns undefined for any other text, which is taken literally.
 */
export function pasted(text: string, side: Side): Pasted | undefined {
  return dump(text) ?? verbose(text, side) ?? commandLine(text) ?? archive(text, side) ?? pseudoFields(text)
}

// ── dumps ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Something that looks like an offset, and pairs of digits up to two spaces, a bar, or the end. */
const dumpLine =
  /^\s*(?:0x)?((?<=0x)[\da-f]{4,8}|[\da-f]{4,8}(?=:)|[\da-f]{7,8}):?[ \t]+((?:[\da-f]{2} ?){1,32}(?: (?:[\da-f]{2} ?){1,8})?)(?: |\t|\||$)/i

function dump(text: string): Pasted | undefined {
  const bytes: number[] = []
  let start: number | undefined
  let isRepeated = false
  let rows = 0
  for (const line of text.trimEnd().split(/\r?\n/)) {
    if (line.trim() === '*') {
      isRepeated = true
      continue
    }
    // A line with only an offset ends the output of `hexdump`.
    const offset = /^([\da-f]{7,8})$/i.exec(line.trim())?.[1]
    const [, place = offset, digits = ''] = dumpLine.exec(line) ?? []
    if (place === undefined) return undefined
    const at = Number.parseInt(place, 16) - (start ??= Number.parseInt(place, 16))
    const last = bytes.slice(-16)
    if (isRepeated && last.length === 16 && at - bytes.length < 1_048_576) while (bytes.length < at) bytes.push(...last)
    isRepeated = false
    for (const pair of digits.replaceAll(/\s/g, '').match(/../g) ?? []) bytes.push(Number.parseInt(pair, 16))
    rows++
  }
  return rows > 0 && bytes.length > 0 ? { what: 'a dump in hexadecimal', bytes: Uint8Array.from(bytes) } : undefined
}

// ── curl ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function verbose(text: string, wanted: Side): Pasted | undefined {
  const lines = text.split(/\r?\n/)
  const marked = (mark: string): string[] => lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(2))
  const [sent, received] = [marked('>'), marked('<')]
  if (sent.length === 0 && received.length === 0) return undefined
  if (!/^\S+ \S+ HTTP\/\d/.test(sent[0] ?? '') && !/^HTTP\/\d/.test(received[0] ?? '')) return undefined
  const side = (wanted === 'request' ? sent : received).length > 0 ? wanted : sent.length > 0 ? 'request' : 'response'
  if (side === 'request') return { what: 'what curl -v has sent', side, bytes: utf8.encode(crlf(sent)) }
  const end = lines.findLastIndex((line) => line.startsWith('<'))
  // The content follows the head, between the lines in which curl reports about itself.
  const content = lines.slice(end + 1).filter((line) => !/^(?:[*>]|[{}] \[|\s*%|\s*\d+ +\d)/.test(line))
  return { what: 'what curl -v has received', side, bytes: utf8.encode(crlf(received) + content.join('\n')) }
}

/** `curl 'https://…' -H '…' --data-raw '…'`, as browsers copy it. */
function commandLine(text: string): Pasted | undefined {
  if (!/^\s*curl\s/.test(text)) return undefined
  const words = shellWords(text)
  const fields: string[] = []
  let [method, target, content] = ['', '', '']
  for (let i = 1; i < words.length; i++) {
    const word = words[i]!
    const value = (): string => words[++i] ?? ''
    if (word === '-H' || word === '--header') fields.push(value())
    else if (word === '-X' || word === '--request') method = value()
    else if (word === '-b' || word === '--cookie') fields.push(`Cookie: ${value()}`)
    else if (word === '-A' || word === '--user-agent') fields.push(`User-Agent: ${value()}`)
    else if (/^(?:-d|--data(?:-raw|-binary|-ascii)?)$/.test(word)) content += (content && '&') + value()
    else if (word === '--url') target = value()
    else if (!word.startsWith('-')) target = word
  }
  if (!URL.canParse(target)) return undefined
  const isData = content !== '' && !fields.some((field) => /^content-type:/i.test(field))
  const type = isData ? ['Content-Type: application/x-www-form-urlencoded'] : []
  const bytes = writtenRequest(method || (content ? 'POST' : 'GET'), target, [...fields, ...type], utf8.encode(content))
  return { what: 'a command line of curl', side: 'request', bytes }
}

/** The words of a command line, split like a Unix shell does. */
function shellWords(text: string): string[] {
  const words: string[] = []
  let word: string | undefined
  for (let at = 0; at < text.length; at++) {
    const c = text[at]!
    if (/\s/.test(c)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (c === '\\') {
      const next = text[++at] ?? ''
      // A line continuation is not part of a word.
      if (next === '\r') at++
      else if (next !== '\n') word = (word ?? '') + next
    } else if (c === "'" || c === '"' || (c === '$' && text[at + 1] === "'")) {
      const isAnsi = c === '$'
      const from = at + (isAnsi ? 2 : 1)
      at = quoteEnd(text, from, text[from - 1]!, c !== "'")
      const content = text.slice(from, at)
      word =
        (word ?? '') + (isAnsi ? unescaped(content) : c === '"' ? content.replaceAll(/\\(["\\$`])/g, '$1') : content)
    } else word = (word ?? '') + c
  }
  return word === undefined ? words : [...words, word]
}

/** The end of a quoted text, or of everything. @param escapes whether a backslash escapes a quote. */
function quoteEnd(text: string, from: number, quote: string, escapes: boolean): number {
  let at = from
  while (at < text.length && text[at] !== quote) at += escapes && text[at] === '\\' ? 2 : 1
  return Math.min(at, text.length)
}

/** What is between `$'` and `'`. */
function unescaped(text: string): string {
  return text.replaceAll(/\\(?:u([\da-f]{4})|x([\da-f]{2})|([^]))/gi, (_, unit, byte, one: string) =>
    (unit ?? byte) ? String.fromCharCode(Number.parseInt(unit ?? byte, 16)) : (control[one] ?? one),
  )
}

const control: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

// ── browsers ─────────────────────────────────────────────────────────────────────────────────────────────────────

function archive(text: string, side: Side): Pasted | undefined {
  const [entry] = archivedEntries(text)
  const bytes = entry && archivedBytes(entry, side)
  return bytes && { what: `the first ${side} of an HTTP Archive`, side, bytes }
}

/** HTTP/2 fields as browsers copy them: `:method: GET`, or name and value on separate lines. */
function pseudoFields(text: string): Pasted | undefined {
  if (!/^:(?:method|authority|path|scheme)\b/.test(text.trimStart())) return undefined
  const lines = text.trim().split(/\r?\n/)
  const fields = lines[0]!.includes(': ')
    ? lines.map((line): [string, string] => [line.slice(0, line.indexOf(':', 1)), line.slice(line.indexOf(':', 1) + 1)])
    : lines.flatMap((line, i): [string, string][] =>
        i % 2 === 0 ? [[line.replace(/:$/, ''), lines[i + 1] ?? '']] : [],
      )
  const pseudo = new Map(fields.filter(([name]) => name.startsWith(':')).map(([name, value]) => [name, value.trim()]))
  const rest = fields.filter(([name]) => !name.startsWith(':')).map(([name, value]) => `${name}: ${value.trim()}`)
  const url = `${pseudo.get(':scheme') ?? 'https'}://${pseudo.get(':authority') ?? 'localhost'}${pseudo.get(':path') ?? '/'}`
  const bytes = writtenRequest(pseudo.get(':method') ?? 'GET', url, rest, new Uint8Array(0))
  return { what: 'fields of HTTP/2, written as HTTP/1.1', side: 'request', bytes }
}
