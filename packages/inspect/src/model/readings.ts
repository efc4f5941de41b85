// How parsers that differ in strictness read the same bytes.
import { ParseError, parseErrors } from '@spillway/parser'
import { type Deviation, ObservingParser, type Profile, observer, strict, userAgent } from '@spillway/parser/observer'
import { plural } from './format.ts'
import { isHttp2 } from './frames.ts'
import type { Fault, Token } from './tokens.ts'

/** A message as one parser sees it. */
export interface SeenMessage {
  /** The offset of its first byte, and the offset after its last. */
  readonly from: number
  readonly to: number
  /** Its start line. */
  readonly line: string
  /** Number of bytes of content. */
  readonly content: number
  readonly complete: boolean
  /** Whether it comes after something that a strict parser rejects. */
  readonly isSmuggled: boolean
}

/** How one parser reads some bytes. */
export interface ProfileReading {
  readonly profile: string
  readonly messages: readonly SeenMessage[]
  /** The deviations that it accepts, in order. */
  readonly deviations: readonly Deviation[]
  /** The error at which it stops. */
  readonly fault?: Fault
}

/** The profiles of the parsers, beginning with the strictest. */
const profiles: readonly Profile[] = [strict, userAgent, observer]

/** How each parser reads some bytes; empty for HTTP/2, which has only one reading. */
export function readByProfiles(bytes: Uint8Array, side: 'request' | 'response'): readonly ProfileReading[] {
  return isHttp2(bytes, side) ? [] : profiles.map((profile) => readBy(profile, bytes, side))
}

function readBy(profile: Profile, bytes: Uint8Array, side: 'request' | 'response'): ProfileReading {
  const parser = new ObservingParser(side, profile)
  const messages: { -readonly [K in keyof SeenMessage]: SeenMessage[K] }[] = []
  const deviations: Deviation[] = []
  try {
    for (const event of parser.feed(bytes)) {
      const last = messages.at(-1)
      if (event.type === 'deviation') deviations.push(event)
      else if (event.type === 'request' || event.type === 'response') {
        const { at: from, headBytes, head } = event
        const line = head.text.slice(0, head.text.search(/[\r\n]/))
        const isSmuggled = deviations.some(({ at }) => at < from)
        messages.push({ from, to: from + headBytes, line, content: 0, complete: false, isSmuggled })
      } else if (event.type === 'data' && last) {
        last.content += event.data.length
        last.to = event.at + event.data.length
      } else if (event.type === 'end' && last) {
        last.to = event.at
        last.complete = true
      }
    }
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    const { code, offset } = error
    return {
      profile: profile.name,
      messages,
      deviations,
      fault: { ...parseErrors[code], code, at: parser.position, offset },
    }
  }
  return { profile: profile.name, messages, deviations }
}

/** Describes whether they see the same. */
export function readingsSummary(readings: readonly ProfileReading[]): string {
  const smuggled = readings.at(-1)?.messages.filter(({ isSmuggled }) => isSmuggled) ?? []
  const seen = new Set(readings.map(({ messages }) => messages.map(({ from, to }) => `${from}-${to}`).join(' ')))
  if (smuggled.length > 0)
    return `Behind a mistake, ${plural(smuggled.length, 'message')} that a strict reader never sees: where two readers on one path differ like that, it is smuggled.`
  return seen.size > 1 ? 'They do not see the same.' : 'All see the same.'
}

/** The tokens of a strict reading, plus the messages that other parsers see in the part it did not read. */
export function withSmuggled(tokens: readonly Token[], readings: readonly ProfileReading[]): readonly Token[] {
  const last = tokens.at(-1)
  if (last?.kind !== 'rest') return tokens
  const smuggled = (readings.at(-1)?.messages ?? []).filter(({ isSmuggled, to }) => isSmuggled && to > last.from)
  const parts: Token[] = []
  let at = last.from
  for (const { from, to } of smuggled) {
    const start = Math.max(from, at)
    if (start > at) parts.push({ from: at, to: start, kind: 'rest' })
    parts.push({ from: start, to, kind: 'smuggled' })
    at = to
  }
  if (at < last.to) parts.push({ from: at, to: last.to, kind: 'rest' })
  return [...tokens.slice(0, -1), ...parts]
}
