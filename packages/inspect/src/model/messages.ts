// Finds the exchanges in the bytes of a connection, as far as they were kept.
import { MessageParser, type ParserEvent } from '@spillway/parser'
import type { Segment } from './tape.ts'
import { type Message, readBytes } from './tokens.ts'

/** A message, as read from its bytes. */
export interface Told {
  /** Its start line. */
  readonly line: string
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** Its content as transferred, with content codings still applied. */
  readonly content: Uint8Array
  /** All its bytes that were kept. */
  readonly bytes: Uint8Array
  /** Whether it was kept to its end. */
  readonly complete: boolean
}

/** One exchange. */
export interface ToldExchange {
  /** 1 for the first on its connection. */
  readonly exchange: number
  readonly request: Told
  /** Missing when none was kept, or none was sent. */
  readonly response?: Told
}

/** The value of the first field with a name, in lower case. */
export function fieldOf({ fields }: Told, name: string): string | undefined {
  return fields.find(([one]) => one.toLowerCase() === name)?.[1]
}

/** The codings of a message's content, in the order in which they were applied (RFC 9110 §8.4). */
export function contentCodings(message: Told): string[] {
  return (fieldOf(message, 'content-encoding') ?? '')
    .split(',')
    .map((one) => one.trim().toLowerCase())
    .filter((one) => one !== '' && one !== 'identity')
}

/** Finds the exchanges in some bytes of one HTTP/1 connection. */
export function exchangesOf({ first, ...segment }: Segment, decode: (base64: string) => Uint8Array): ToldExchange[] {
  const [received, sent] = [decode(segment.in), decode(segment.out)]
  // After an upgrade, nothing is an HTTP request any more.
  const upgraded = readBytes(sent, 'response').messages.some(({ line }) => /^HTTP\/1\.1 101\b/.test(line))
  const requests = readBytes(received, 'request', { upgraded }).messages.filter(({ line }) => !isFrame(line))
  const methods = requests.map(({ line }) => line.split(' ', 1)[0] ?? '')
  const answers = readBytes(sent, 'response', { methods }).messages.filter(isFinal)
  return requests.map((request, i) => {
    const answer = answers[i]
    return {
      exchange: first + i,
      request: told(received, request, 'request', ''),
      ...(answer && { response: told(sent, answer, 'response', methods[i]!) }),
    }
  })
}

/** WebSocket frames have no HTTP version in their line. */
function isFrame(line: string): boolean {
  return line.endsWith(' frame')
}

/** Whether a response is final: interim ones are not, 101 (Switching Protocols) is. */
function isFinal({ line }: Message): boolean {
  return !/^HTTP\/1\.\d 1(?!01)/.test(line)
}

function told(bytes: Uint8Array, message: Message, side: 'request' | 'response', method: string): Told {
  const own = bytes.subarray(message.from, contentEnd(bytes, message))
  const parser = new MessageParser(side)
  if (side === 'response') parser.expect(method)
  const fields: [string, string][] = []
  const content: Uint8Array[] = []
  let complete = false
  const take = (events: Iterable<ParserEvent>): void => {
    for (const event of events) {
      if (event.type === 'request' || event.type === 'response') fields.push(...event.head)
      else if (event.type === 'data') content.push(event.data.slice())
      else if (event.type === 'end') complete = true
    }
  }
  try {
    take(parser.feed(own))
  } catch {
    // What was understood before the error is shown.
  }
  return { line: message.line, fields, content: joined(content), bytes: own, complete }
}

/** The end of a message: if only its head was kept, whatever content there is follows. */
function contentEnd(bytes: Uint8Array, { to, complete }: Message): number {
  return complete ? to : bytes.length
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}
