// Reads access logs.
import type { FileSource } from './source.ts'
import type { Field, Unnumbered } from './transaction.ts'

/** The common and the combined format of nginx and Apache: client, time, request line, status and bytes, Referer and User-Agent. */
const format =
  /^\S+ \S+ [^[]*\[(?<time>[^\]]{20,32})\] "(?<line>(?:[^"\\]|\\.)*)" (?<status>\d{3}) (?<bytes>\d+|-)(?: "(?<referer>(?:[^"\\]|\\.)*)" "(?<agent>(?:[^"\\]|\\.)*)")?/

/** A longer line is not treated as a log line. */
const MOST_LINE = 65_536

/** Whether a file starts like an access log. */
export function isAccessLog(start: string): boolean {
  return format.test(start.slice(0, MOST_LINE).split('\n', 1)[0]!)
}

/** The transactions of a log. A log has no content, no hosts and only a few fields. */
export function* readAccessLog(source: FileSource): Generator<Unnumbered> {
  let left = ''
  for (;;) {
    const bytes = source.rest()
    const text = left + (bytes?.toString('latin1') ?? '')
    const lines = text.split('\n')
    left = bytes === null ? '' : lines.pop()!.slice(0, MOST_LINE)
    for (const line of lines) {
      const one = line.length > MOST_LINE ? undefined : readLine(line)
      if (one !== undefined) yield one
    }
    if (bytes === null) return
  }
}

function readLine(line: string): Unnumbered | undefined {
  const { time, line: requestLine, status, bytes, referer, agent } = format.exec(line)?.groups ?? {}
  if (time === undefined) return undefined
  const [method, target, version] = unescaped(requestLine!).split(' ')
  const message = {
    minorVersion: version === 'HTTP/1.0' ? (0 as const) : (1 as const),
    content: new Uint8Array(0),
    isDecoded: false,
  }
  const fields: Field[] = []
  if (referer !== undefined && referer !== '-') fields.push(['Referer', unescaped(referer)])
  if (agent !== undefined && agent !== '-') fields.push(['User-Agent', unescaped(agent)])
  return {
    scheme: 'http',
    authority: '',
    startedAt: timeOf(time),
    duration: 0,
    // the log also lists input that was not a valid request
    request:
      version === undefined || !/^HTTP\/\d/.test(version)
        ? undefined
        : { ...message, method: method!, target: target!, raw: undefined, fields, contentBytes: 0, isWhole: true },
    response: {
      ...message,
      status: Number(status),
      reason: '',
      fields: [],
      contentBytes: bytes === '-' ? 0 : Number(bytes),
      isWhole: false,
    },
    deviations: [],
  }
}

/** `\x16`, `\"` and `\\`, as both servers escape characters. */
function unescaped(text: string): string {
  return text.replaceAll(/\\(?:x([\da-f]{2})|(.))/gi, (_, hex: string | undefined, one: string) =>
    hex === undefined ? one : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

/** `10/Oct/2000:13:55:36 -0700` */
function timeOf(text: string): number {
  return Date.parse(text.replaceAll('/', ' ').replace(':', ' ')) || 0
}
