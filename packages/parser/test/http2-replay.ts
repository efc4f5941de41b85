/* Replays the cases of vectors/http2, in every way the bytes can come, on any runtime. */
import type * as Api from '../src/http2.ts'

type FrameRow = readonly [type: string, flags: number, stream: number, payload: string]
type Action = readonly ['reply' | 'reset' | 'goaway' | 'ask', number | string, number?]

/** One connection: what comes, what it means, and what goes out for it. */
export interface ConnectionVector {
  readonly id: string
  readonly rfc: string
  readonly what: string
  readonly side?: 'server' | 'client'
  /** Without the preface and SETTINGS in front. */
  readonly raw?: boolean
  /** Too long to be cut at every place. */
  readonly split?: 'few'
  /** Nobody makes use of the content. */
  readonly hold?: boolean
  readonly limits?: Partial<Api.Http2Limits>
  readonly frames: readonly (FrameRow | Action)[]
  readonly events: readonly string[]
  readonly out: readonly string[]
  /** What was wrong, where no event says so: with a request that nobody hears of. */
  readonly fault?: string
}

/** Blocks of header compression, one after the other. */
export interface HpackVector {
  readonly id: string
  readonly rfc: string
  readonly what: string
  readonly maxTable?: number
  readonly blocks: readonly string[]
  readonly expect: readonly (readonly string[] | 'error')[]
}

const types = 'DATA HEADERS PRIORITY RST_STREAM SETTINGS PUSH_PROMISE PING GOAWAY WINDOW_UPDATE CONTINUATION'.split(' ')
types[16] = 'PRIORITY_UPDATE'

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
}

const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
const toText = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')

function frame(api: typeof Api, [type, flags, stream, payload]: FrameRow): Uint8Array {
  const out = new api.FrameBuffer()
  const bytes = fromHex(payload)
  const known = types.indexOf(type)
  out.head(bytes.length, known < 0 ? Number(type) : known, flags, stream)
  out.append(bytes)
  return out.take()
}

/** Pieces that the bytes come in; the last one is what lies behind `cut`. */
type Cut = (bytes: Uint8Array, from: number) => Uint8Array[]

function act(machine: Api.Http2Machine, [what, id, code]: Action): void {
  if (what === 'ask')
    machine.request(
      [
        [':method', String(id)],
        [':scheme', 'https'],
        [':path', '/'],
        [':authority', 'a'],
      ],
      true,
    )
  else if (what === 'goaway') machine.goaway(Number(id), 0)
  else {
    const stream = machine.streams.get(Number(id))!
    if (what === 'reset') machine.reset(stream, (code ?? 0) as Api.ErrorCode)
    else machine.send(stream, [[':status', '200']], true)
  }
}

interface Outcome {
  readonly events: string[]
  readonly out: string[]
  readonly fault: string | undefined
}

function run(api: typeof Api, vector: ConnectionVector, cut: Cut): Outcome {
  const { side = 'server', limits, raw = false, hold = false } = vector
  const machine = new api.Http2Machine(side, limits)
  const events: string[] = []
  let at = 0
  const feed = (bytes: Uint8Array): void => {
    for (const piece of cut(bytes, at)) {
      // What is lent may be written over: whoever keeps some of it finds out here.
      const lent = piece.slice()
      for (let event, p = 0; (event = machine.next(lent, p, lent.length)) !== 0; p = machine.pos)
        tell(api, machine, event, lent, events, hold)
      lent.fill(0xff)
    }
    at += bytes.length
  }
  if (!raw) {
    if (side === 'server') feed(Uint8Array.from(api.PREFACE, (c) => c.charCodeAt(0)))
    feed(frame(api, ['SETTINGS', 0, 0, '']))
    events.length = 0
    machine.out.clear()
  } else if (side === 'server') feed(Uint8Array.from(api.PREFACE, (c) => c.charCodeAt(0)))
  let pending: Uint8Array[] = []
  const flush = (): void => {
    feed(Uint8Array.from(pending.flatMap((bytes) => [...bytes])))
    pending = []
  }
  for (const row of vector.frames)
    if (['reply', 'reset', 'goaway', 'ask'].includes(row[0])) {
      flush()
      act(machine, row as Action)
    } else pending.push(frame(api, row as FrameRow))
  flush()
  return { events, out: framesOf(api, machine.out.take()), fault: machine.fault }
}

function tell(
  api: typeof Api,
  machine: Api.Http2Machine,
  event: Api.MachineEvent,
  bytes: Uint8Array,
  events: string[],
  hold: boolean,
): void {
  const id = machine.stream?.id ?? 0
  switch (event) {
    case api.MachineEvent.Head:
      return void events.push(headText(api, machine.stream!))
    case api.MachineEvent.RefusedHead:
      return void events.push(`refused ${id} ${machine.refusal}`)
    case api.MachineEvent.Content: {
      const text = toText(bytes.subarray(machine.dataStart, machine.dataEnd))
      if (!hold) machine.release(machine.stream, text.length)
      const last = events.at(-1)
      if (last?.startsWith(`content ${id} `)) events[events.length - 1] = last + text
      else events.push(`content ${id} ${text}`)
      return
    }
    case api.MachineEvent.End: {
      const trailers = machine.trailers?.map(([name, value]) => ` ${name}=${value}`) ?? []
      return void events.push(`end ${id}${trailers.join('')}`)
    }
    case api.MachineEvent.Reset:
      return void events.push(`reset ${id} ${machine.error}${machine.fault === undefined ? '' : ` ${machine.fault}`}`)
    case api.MachineEvent.Window:
      return void events.push(`window ${id}`)
    case api.MachineEvent.Settings:
      return void events.push('settings')
    case api.MachineEvent.Pong:
      return void events.push('pong')
    case api.MachineEvent.Goaway:
      return void events.push(`goaway ${machine.lastAnswered} ${machine.error}`)
    default:
      events.push(`fault ${machine.fault}`)
  }
}

function headText(api: typeof Api, { id, head, openIn }: Api.Http2Stream): string {
  const words = ['head', id, ...(openIn ? [] : ['end'])]
  if (head instanceof api.Http2Request) words.push(head.method, head.target)
  else words.push(head!.status)
  for (const [name, value] of head!) words.push(`${name}=${value}`)
  if (head instanceof api.Http2Request && head.protocol !== '') words.push(`protocol=${head.protocol}`)
  return words.join(' ')
}

/** Frames in words, for those that a machine answers with. */
function framesOf(api: typeof Api, bytes: Uint8Array): string[] {
  const reader = new api.FrameReader()
  const out: string[] = []
  for (let p = 0; reader.next(bytes, p, bytes.length); p = reader.pos) {
    const { type, flags, stream, start, end } = reader
    const payload = bytes.subarray(start, end)
    const numbers = Array.from({ length: payload.length >> 2 }, (_, i) =>
      new DataView(payload.slice().buffer).getUint32(i * 4),
    )
    const name = types[type]!
    if (name === 'HEADERS') out.push(`HEADERS ${stream}${(flags & 1) === 0 ? '' : ' end'}`)
    else if (name === 'PING') out.push(`PING ${stream} ${toHex(payload)}`)
    else if (name === 'SETTINGS') out.push(`SETTINGS ${flags}`)
    else out.push([name, stream, ...numbers.slice(0, name === 'GOAWAY' ? 2 : 9)].join(' '))
  }
  return out
}

/** A star at the end of a text stands for any rest. */
function isSame(given: readonly string[], wanted: readonly string[]): boolean {
  return (
    given.length === wanted.length &&
    wanted.every((text, i) => (text.endsWith('*') ? given[i]!.startsWith(text.slice(0, -1)) : given[i] === text))
  )
}

/** What came out otherwise than the case says, or null. */
export function replayConnection(api: typeof Api, vector: ConnectionVector): string | null {
  const length = vector.frames.reduce((sum, row) => sum + 9 + (row[3] ?? '').length / 2, 33)
  const step = vector.split === 'few' ? Math.ceil(length / 50) : 1
  const cuts: [string, Cut][] = [
    ['whole', (bytes) => [bytes]],
    ['byte by byte', (bytes) => Array.from(bytes, (byte) => Uint8Array.of(byte))],
  ]
  for (let place = 1; place < length; place += step)
    cuts.push([
      `cut at ${place}`,
      (bytes, from) => [bytes.subarray(0, Math.max(0, place - from)), bytes.subarray(Math.max(0, place - from))],
    ])
  for (const [how, cut] of cuts) {
    const { events, out, fault } = run(api, vector, cut)
    if (vector.fault !== undefined && fault !== vector.fault) return `${how}: ${fault}, not ${vector.fault}`
    if (!isSame(events, vector.events) || !isSame(out, vector.out))
      return `${how}: ${JSON.stringify({ events, out })}, not ${JSON.stringify({ events: vector.events, out: vector.out })}`
  }
  return null
}

const textOf = (fields: readonly Api.Field[]): string[] => fields.map(({ name, value }) => `${name}: ${value}`)
const secretsOf = (fields: readonly Api.Field[]): string => fields.map(({ sensitive }) => sensitive).join()

/** Decodes the blocks; and what was decoded is encoded and decoded again. */
export function replayHpack(api: typeof Api, vector: HpackVector): string | null {
  const decoder = new api.HpackDecoder(vector.maxTable)
  const encoder = new api.HpackEncoder()
  const again = new api.HpackDecoder()
  for (const [i, hex] of vector.blocks.entries()) {
    const bytes = fromHex(hex)
    const got = decoder.decode(bytes, 0, bytes.length) ? textOf(decoder.fields) : 'error'
    if (JSON.stringify(got) !== JSON.stringify(vector.expect[i])) return `block ${i}: ${JSON.stringify(got)}`
    if (got === 'error') return null
    const out = new api.FrameBuffer()
    encoder.begin(out)
    for (const { name, value, sensitive } of decoder.fields) encoder.field(out, name, value, sensitive)
    const written = out.take()
    if (!again.decode(written, 0, written.length)) return `block ${i} cannot be read back`
    if (secretsOf(again.fields) !== secretsOf(decoder.fields)) return `block ${i} says something else of its secrets`
    if (JSON.stringify(textOf(again.fields)) !== JSON.stringify(got))
      return `block ${i} is read back as ${textOf(again.fields).join()}`
  }
  return null
}
