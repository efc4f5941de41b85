// HTTP/2 frames for display.
import { type ParseErrorCode, decodeLatin1, parseErrors } from '@spillway/parser'
import {
  ErrorCode,
  FrameReader,
  FrameType,
  HpackDecoder,
  Http2Machine,
  MachineEvent,
  PREFACE,
  http2Faults,
} from '@spillway/parser/http2'
import { ACK, END_HEADERS, END_STREAM, HAS_PRIORITY, PADDED, headBytes } from './frame-flags.ts'
import type { Fact, Fault, Message, Reading, Token, TokenKind } from './tokens.ts'

/** RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1. */
const settings: Readonly<Record<number, string>> = {
  1: 'HEADER_TABLE_SIZE',
  2: 'ENABLE_PUSH',
  3: 'MAX_CONCURRENT_STREAMS',
  4: 'INITIAL_WINDOW_SIZE',
  5: 'MAX_FRAME_SIZE',
  6: 'MAX_HEADER_LIST_SIZE',
  8: 'ENABLE_CONNECT_PROTOCOL',
  9: 'NO_RFC7540_PRIORITIES',
}

/** Whether bytes are the beginning of an HTTP/2 connection: a client sends the preface, and a server begins with SETTINGS. */
export function isHttp2(bytes: Uint8Array, side: 'request' | 'response'): boolean {
  if (side === 'request') return decodeLatin1(bytes, 0, Math.min(bytes.length, PREFACE.length)) === PREFACE
  const isEmpty = bytes.length < headBytes || bytes[0] !== 0
  // On stream 0, and not an acknowledgement.
  return !isEmpty && bytes[3] === FrameType.Settings && bytes.subarray(4, headBytes).every((byte) => byte === 0)
}

/** Reads one frame after another, each as a separate message, up to the end or the first error. */
export function readFrames(bytes: Uint8Array, side: 'request' | 'response'): Reading {
  const reader = new FramesReader(bytes)
  const fault = side === 'request' ? faultOf(bytes) : undefined
  return reader.read(side === 'request' ? PREFACE.length : 0, fault)
}

/** The error that a server would report, with the position of its frame. */
function faultOf(bytes: Uint8Array): Fault | undefined {
  const machine = new Http2Machine('server')
  for (let event, p = 0; (event = machine.next(bytes, p, bytes.length)) !== MachineEvent.More; p = machine.pos) {
    const at = machine.faultOffset
    if (event === MachineEvent.RefusedHead) return { ...parseErrors[machine.refusal as ParseErrorCode], at, offset: 0 }
    const isFault = event === MachineEvent.Fault || (event === MachineEvent.Reset && machine.fault !== undefined)
    if (isFault) return { ...http2Faults[machine.fault!], at, offset: 0 }
  }
  return undefined
}

class FramesReader {
  readonly #bytes: Uint8Array
  readonly #frames = new FrameReader()
  readonly #hpack = new HpackDecoder()
  readonly #tokens: Token[] = []
  readonly #messages: Message[] = []
  /** A field block that continues in another frame. */
  #block: number[] = []
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  read(preface: number, fault: Fault | undefined): Reading {
    const { length } = this.#bytes
    this.#until(preface, 'version')
    const stop = fault?.at ?? length
    while (this.#at < stop) this.#frame()
    if (fault) {
      this.#until(fault.at + 1, 'wrong')
      this.#until(length, 'rest')
    }
    return { tokens: this.#tokens, messages: this.#messages, ...(fault && { fault }) }
  }

  #until(to: number, kind: TokenKind): void {
    const end = Math.min(to, this.#bytes.length)
    if (end <= this.#at) return
    this.#tokens.push({ from: this.#at, to: end, kind })
    this.#at = end
  }

  #frame(): void {
    const from = this.#at
    const reader = this.#frames
    const complete = reader.next(this.#bytes, from, this.#bytes.length)
    this.#until(from + 3, 'length')
    this.#until(from + 4, 'frame')
    this.#until(from + 5, 'flags')
    this.#until(from + headBytes, 'stream')
    if (this.#bytes.length < from + headBytes) return
    const { type, flags, stream, length } = reader
    const end = from + headBytes + length
    const facts: Fact[] = [['Stream', stream === 0 ? '0, the connection' : String(stream)]]
    facts.push(['Payload', `${length} bytes`])
    const flagged = flagsOf(type, flags)
    if (flagged !== '') facts.push(['Flags', flagged])
    if (complete) facts.push(...this.#payload(end))
    this.#until(end, type === FrameType.Data ? 'data' : 'payload')
    this.#messages.push({ from, to: Math.min(end, this.#bytes.length), line: lineOf(type, stream), facts, complete })
  }

  /** Marks the parts of a complete payload. */
  #payload(end: number): Fact[] {
    const { type, flags } = this.#frames
    const start = this.#at
    switch (type) {
      case FrameType.Headers:
      case FrameType.Continuation:
        return this.#fields(end)
      case FrameType.Data: {
        const isPadded = (flags & PADDED) !== 0
        const padding = isPadded ? this.#bytes[start]! : 0
        if (isPadded) this.#until(start + 1, 'length')
        this.#until(Math.max(this.#at, end - padding), 'data')
        this.#until(end, 'mark')
        return isPadded ? [['Padding', `${padding} bytes`]] : []
      }
      case FrameType.Settings: {
        const facts: Fact[] = []
        for (let p = start; p + 6 <= end; p += 6) {
          const id = this.#number(p, 2)
          this.#until(p + 2, 'name')
          this.#until(p + 6, 'known')
          facts.push([settings[id] ?? `Setting ${id}`, String(this.#number(p + 2, 4))])
        }
        return facts
      }
      case FrameType.WindowUpdate:
        this.#until(end, 'known')
        return [['Window grows by', `${this.#number(start, 4) % 2 ** 31} bytes`]]
      case FrameType.RstStream:
        this.#until(end, 'known')
        return [['Error', errorOf(this.#number(start, 4))]]
      case FrameType.Goaway: {
        this.#until(start + 4, 'stream')
        this.#until(start + 8, 'known')
        const facts: Fact[] = [['Last stream', String(this.#number(start, 4) % 2 ** 31)]]
        facts.push(['Error', errorOf(this.#number(start + 4, 4))])
        if (end > start + 8) facts.push(['Says', decodeLatin1(this.#bytes, start + 8, end)])
        return facts
      }
      default:
        return []
    }
  }

  /** The fields of a field block, once it is complete: each is a fact. */
  #fields(end: number): Fact[] {
    const { type, flags } = this.#frames
    let [from, to] = [this.#at, end]
    if (type === FrameType.Headers && (flags & PADDED) !== 0) to -= this.#bytes[from++]!
    if (type === FrameType.Headers && (flags & HAS_PRIORITY) !== 0) from += 5
    this.#until(from, 'mark')
    this.#until(to, 'block')
    this.#until(end, 'mark')
    this.#block.push(...this.#bytes.subarray(from, Math.max(from, to)))
    if ((flags & END_HEADERS) === 0) return [['Fields', 'go on in the next frame']]
    const block = Uint8Array.from(this.#block)
    this.#block = []
    if (!this.#hpack.decode(block, 0, block.length)) return [['Fields', 'cannot be decoded']]
    const { fields } = this.#hpack
    const text = fields.reduce((sum, { name, value }) => sum + name.length + value.length + 4, 0)
    const saved: Fact = ['Compressed', `${block.length} bytes for ${text} in HTTP/1.1`]
    return [...fields.map(({ name, value }): Fact => [name, value]), saved]
  }

  #number(from: number, size: number): number {
    let number = 0
    for (let p = from; p < from + size; p++) number = number * 256 + (this.#bytes[p] ?? 0)
    return number
  }
}

function nameOf(type: number): string {
  const [name = `frame of type ${type}`] = Object.entries(FrameType).find(([, number]) => number === type) ?? []
  return name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()
}

function lineOf(type: number, stream: number): string {
  return stream === 0 ? nameOf(type) : `${nameOf(type)} on stream ${stream}`
}

function flagsOf(type: number, flags: number): string {
  const names: string[] = []
  const isAck = type === FrameType.Settings || type === FrameType.Ping
  if (isAck && (flags & ACK) !== 0) names.push('ACK')
  if ((type === FrameType.Headers || type === FrameType.Data) && (flags & END_STREAM) !== 0) names.push('END_STREAM')
  if ((type === FrameType.Headers || type === FrameType.Continuation) && (flags & END_HEADERS) !== 0)
    names.push('END_HEADERS')
  if ((type === FrameType.Headers || type === FrameType.Data) && (flags & PADDED) !== 0) names.push('PADDED')
  if (type === FrameType.Headers && (flags & HAS_PRIORITY) !== 0) names.push('PRIORITY')
  return names.join(', ')
}

function errorOf(code: number): string {
  return `${code} ${nameOfError(code)}`
}

/** The name of an error code in RFC 9113 §7; empty for an unknown one. */
export function nameOfError(code: number): string {
  const [name = ''] = Object.entries(ErrorCode).find(([, number]) => number === code) ?? []
  return name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()
}
