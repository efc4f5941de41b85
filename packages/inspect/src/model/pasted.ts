// What people have at hand when they want to see bytes: the output of tools. Extracts the bytes from it.

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
 * @param side to take if both are there.
 * @returns undefined for any other text, which stands for itself.
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
  const bytes = request(method || (content ? 'POST' : 'GET'), target, [...fields, ...type], content)
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

interface Archived {
  readonly method?: string
  readonly url?: string
  readonly status?: number
  readonly statusText?: string
  readonly headers?: readonly { readonly name: string; readonly value: string }[]
  readonly postData?: { readonly text?: string }
  readonly content?: { readonly text?: string; readonly encoding?: string }
}

type Entry = Partial<Record<Side, Archived>>

/** A message of an HTTP Archive, as bytes. */
export interface ArchivedMessage {
  /** What it was: `GET /path`, or `200 for GET /path`. */
  readonly name: string
  readonly side: Side
  readonly bytes: Uint8Array
}

/** All messages of an HTTP Archive; none of text that is none. */
export function archivedMessages(text: string): ArchivedMessage[] {
  return entriesOf(text).flatMap((entry) => {
    const { method = 'GET', url = '/' } = entry.request ?? {}
    const asked = `${method} ${URL.canParse(url) ? new URL(url).pathname : url}`
    return (['request', 'response'] as const).flatMap((side) => {
      const bytes = bytesOf(entry, side)
      const name = side === 'request' ? asked : `${entry.response?.status} for ${asked}`
      return bytes ? [{ name, side, bytes }] : []
    })
  })
}

function archive(text: string, side: Side): Pasted | undefined {
  const [entry] = entriesOf(text)
  const bytes = entry && bytesOf(entry, side)
  return bytes && { what: `the first ${side} of an HTTP Archive`, side, bytes }
}

function entriesOf(text: string): Entry[] {
  if (!/^\ufeff?\s*\{/.test(text)) return []
  try {
    const all = JSON.parse(text.replace(/^\ufeff/, '')) as { log?: { entries?: Entry[] } } & Entry
    return (Array.isArray(all.log?.entries) ? all.log.entries : [all]).filter(
      (one) => typeof one === 'object' && one !== null,
    )
  } catch {
    return []
  }
}

/** Undefined for what an entry does not have, or not in the form that it should. */
function bytesOf(entry: Entry, side: Side): Uint8Array | undefined {
  try {
    return messageOf(entry, side)
  } catch {
    return undefined
  }
}

function messageOf(entry: Entry, side: Side): Uint8Array | undefined {
  const found = entry?.[side]
  if (!Array.isArray(found?.headers)) return undefined
  // What browsers show as HTTP/2 fields with a colon goes into the start line here.
  const fields = found.headers.filter(({ name }) => !name.startsWith(':')).map(({ name, value }) => `${name}: ${value}`)
  if (side === 'request') return request(found.method ?? 'GET', found.url ?? '/', fields, found.postData?.text ?? '')
  const { text: content = '', encoding } = found.content ?? {}
  const kept = fields.filter((field) => !/^(?:content-length|transfer-encoding|content-encoding):/i.test(field))
  const body = encoding === 'base64' ? Uint8Array.from(atob(content), (c) => c.charCodeAt(0)) : utf8.encode(content)
  const line = `HTTP/1.1 ${found.status ?? 200} ${found.statusText ?? ''}`
  const head = utf8.encode(crlf([line, ...kept, `Content-Length: ${body.length}`, '']))
  const bytes = new Uint8Array(head.length + body.length)
  bytes.set(head)
  bytes.set(body, head.length)
  return bytes
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
  const bytes = request(pseudo.get(':method') ?? 'GET', url, rest, '')
  return { what: 'fields of HTTP/2, written as HTTP/1.1', side: 'request', bytes }
}

/** An HTTP/1.1 request for a URL; anything missing from a complete one is added. */
function request(method: string, target: string, fields: readonly string[], content: string): Uint8Array {
  // Something that is not a URL is put on the line as it was written, so that it can be seen.
  const url = URL.canParse(target, 'http://localhost') ? new URL(target, 'http://localhost') : undefined
  const has = (name: string): boolean => fields.some((field) => field.toLowerCase().startsWith(`${name}:`))
  const host = has('host') || !url ? [] : [`Host: ${url.host}`]
  const length = content === '' || has('content-length') ? [] : [`Content-Length: ${utf8.encode(content).length}`]
  const line = `${method} ${url ? url.pathname + url.search : target} HTTP/1.1`
  return utf8.encode(crlf([line, ...host, ...fields, ...length, '']) + content)
}

function crlf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\r\n`).join('')
}
