// WebSocket frames for display: what each byte is, and what a strict parser finds wrong.
import { FrameEvent, type WebSocketFailure, WebSocketReader } from '@spillway/parser/websocket'
import type { Fact, Message, Token, TokenKind } from './tokens.ts'

/** How many characters of a message are shown. */
const shown = 200
/** How many bytes of a message are read. */
const mostBytes = 16 * 1024 * 1024

const opcodes: Readonly<Record<number, string>> = {
  0: 'Continuation',
  1: 'Text',
  2: 'Binary',
  8: 'Close',
  9: 'Ping',
  10: 'Pong',
}

/** What follows an upgrade to WebSocket: tokens for each byte, and the frames. */
export interface FramesRead {
  readonly tokens: readonly Token[]
  readonly messages: readonly Message[]
  /** Where the frames are malformed, and why. */
  readonly failure?: FrameFailure
}

interface FrameFailure {
  /** Position of the byte at which a strict parser stops. */
  readonly at: number
  readonly code: WebSocketFailure
}

/** Reads WebSocket frames starting at `start` (RFC 6455 §5.2); those from a client are unmasked. */
export function readWebSocket(bytes: Uint8Array, start: number, from: 'client' | 'server'): FramesRead {
  const tokens: Token[] = []
  const messages: Message[] = []
  const failure = failureOf(new Uint8Array(bytes.subarray(start)), from)
  const stop = failure === undefined ? bytes.length : start + failure.at
  let at = start
  const until = (to: number, kind: TokenKind): void => {
    const end = Math.min(to, stop)
    if (end > at) tokens.push({ from: at, to: end, kind })
    at = Math.max(at, end)
  }
  // eslint-disable-next-line no-unmodified-loop-condition -- `until` moves it
  while (at < stop) {
    const begin = at
    const [first = 0, second = 0] = bytes.subarray(at, at + 2)
    const form = second & 0x7f
    const lengthBytes = form === 126 ? 2 : form === 127 ? 8 : 0
    let length = lengthBytes === 0 ? form : 0
    for (let p = at + 2; p < at + 2 + lengthBytes; p++) length = length * 256 + (bytes[p] ?? 0)
    until(at + 1, 'frame')
    until(at + 1 + lengthBytes, 'length')
    const isMasked = second >= 0x80
    const key = bytes.subarray(at, at + 4)
    if (isMasked) until(at + 4, 'mask')
    const content = new Uint8Array(bytes.subarray(at, at + length))
    if (isMasked) for (let i = 0; i < content.length; i++) content[i]! ^= key[i % 4] ?? 0
    const complete = at + length <= stop
    until(at + length, 'data')
    if (at === begin) break
    const name = opcodes[first & 15] ?? `Opcode ${first & 15}`
    messages.push({ from: begin, to: at, line: `${name} frame`, facts: factsOf(first, isMasked, content), complete })
  }
  if (failure === undefined) return { tokens, messages }
  if (stop < bytes.length) tokens.push({ from: stop, to: stop + 1, kind: 'wrong' })
  if (stop + 1 < bytes.length) tokens.push({ from: stop + 1, to: bytes.length, kind: 'rest' })
  return { tokens, messages, failure: { at: stop, code: failure.code } }
}

function factsOf(first: number, isMasked: boolean, content: Uint8Array): Fact[] {
  const facts: Fact[] = [['Content', `${content.length} bytes${isMasked ? ', masked' : ''}`]]
  facts.push(['Message', first >= 0x80 ? 'ends with this frame' : 'goes on in another one'])
  const opcode = first & 15
  if ((first & 0x40) !== 0) facts.push(['Compressed', 'by permessage-deflate (RFC 7692)'])
  else if (opcode === 8 && content.length >= 2) {
    facts.push(['Code', String(content[0]! * 256 + content[1]!)])
    if (content.length > 2) facts.push(['Reason', new TextDecoder().decode(content.subarray(2))])
  } else if (opcode === 2) facts.push(['Begins with', hex(content)])
  else if (content.length > 0) facts.push(['Text', new TextDecoder().decode(content.subarray(0, shown))])
  return facts
}

function hex(bytes: Uint8Array): string {
  return [...bytes.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
}

/** What a strict parser finds wrong, and at which byte. @param bytes may be modified. */
function failureOf(bytes: Uint8Array, from: 'client' | 'server'): FrameFailure | undefined {
  const reader = new WebSocketReader({ from, deflate: true, messageBytes: mostBytes })
  let event: FrameEvent = FrameEvent.Ping
  for (let p = 0; p < bytes.length && event !== FrameEvent.NeedMore; p = reader.pos) {
    event = reader.next(bytes, p, bytes.length)
    if (event === FrameEvent.Error) return { at: reader.consumed, code: reader.error! }
    if (event === FrameEvent.Close) break
  }
  return undefined
}
